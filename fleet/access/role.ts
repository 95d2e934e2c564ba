import type { PolicyRule } from "../objects/kubernetes";

/** Shared by all accesses of a target: what a service mirror and a destination controller must read, no more. */
export const ACCESS_ROLE = "linkerd-fleet-remote-access";

const READ = ["list", "get", "watch"];

/**
 * linkerd2 `multicluster/.../remote-access-service-mirror-rbac.yaml`, without its right to write Events: what
 * other clusters hold is read-only.
 */
export const ACCESS_RULES: readonly PolicyRule[] = [
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: READ },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: READ },
  { apiGroups: [""], resources: ["pods", "endpoints", "services"], verbs: READ },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  { apiGroups: ["policy.linkerd.io"], resources: ["servers"], verbs: READ },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["linkerd-config"] },
];
