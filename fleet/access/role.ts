import type { Mode } from "../config/common";
import type { PolicyRule } from "../objects/kubernetes";

/**
 * What a source reads of a target: `services` is what a service mirror needs, `pods` is what a destination controller
 * needs as well, to send requests to the target's pods without a gateway.
 */
export const SCOPES = ["services", "pods"] as const;
export type AccessScope = (typeof SCOPES)[number];

/** A gateway hides the pods behind it: only flat and federated services need to know them. */
export function accessScope(modes: readonly Mode[]): AccessScope {
  return modes.some((mode) => mode !== "gateway") ? "pods" : "services";
}

const READ = ["list", "get", "watch"];

/**
 * The informers of a service mirror (linkerd2 `multicluster/cmd/service-mirror/main.go`, `controllerK8s.Svc` and
 * `Endpoint`), and what `linkerd multicluster check` compares (`multicluster/cmd/check.go`, the trust anchors).
 */
const SERVICES: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["endpoints", "services"], verbs: READ },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["linkerd-config"] },
];

/**
 * linkerd2 `multicluster/.../remote-access-service-mirror-rbac.yaml`, without its right to write Events: what
 * other clusters hold is read-only.
 */
const PODS: readonly PolicyRule[] = [
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: READ },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: READ },
  { apiGroups: [""], resources: ["pods", "endpoints", "services"], verbs: READ },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  { apiGroups: ["policy.linkerd.io"], resources: ["servers"], verbs: READ },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["linkerd-config"] },
];

/** By scope: the ClusterRole of a target that all its accesses of that scope share, and what it lets them read. */
export const ACCESS_ROLES: Readonly<
  Record<AccessScope, { readonly name: string; readonly rules: readonly PolicyRule[] }>
> = {
  services: { name: "linkerd-fleet-remote-services", rules: SERVICES },
  pods: { name: "linkerd-fleet-remote-access", rules: PODS },
};
