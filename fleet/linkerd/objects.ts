import type { ClusterPlan } from "../clusters/plan";
import { LICENSE_SECRET, MULTICLUSTER_NAMESPACE, PULL_SECRET, VIZ_NAMESPACE } from "../config/names";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { InstallPlan } from "./charts";

/** linkerd2 `charts/linkerd-control-plane/templates/namespace.yaml`, which Helm installs do not render. */
export function controlPlaneNamespace({
  controlPlaneNamespace: name,
  install,
}: Pick<ClusterPlan, "controlPlaneNamespace" | "install">): FleetObject<never> {
  return {
    id: "namespace",
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: {
        "config.linkerd.io/admission-webhooks": "disabled",
        "linkerd.io/control-plane-ns": name,
        "linkerd.io/is-control-plane": "true",
        ...podSecurity(install),
      },
      annotations: { "linkerd.io/inject": "disabled" },
    },
  };
}

/**
 * The namespace of an extension, with what its chart would not give it on an install by Helm (linkerd2
 * `viz/charts/linkerd-viz/templates/namespace.yaml`) or give it in a Job afterwards; `linkerd check` finds extensions
 * by the label.
 */
export function extensionNamespace(
  extension: "multicluster" | "viz",
  { install }: Pick<ClusterPlan, "install">,
): FleetObject<never> {
  return {
    id: "namespace",
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: { multicluster: MULTICLUSTER_NAMESPACE, viz: VIZ_NAMESPACE }[extension],
      labels: { "linkerd.io/extension": extension, ...podSecurity(install) },
    },
  };
}

function podSecurity({ cni }: InstallPlan): Record<string, string> {
  return { "pod-security.kubernetes.io/enforce": cni ? "restricted" : "privileged" };
}

/**
 * The license of the enterprise channel; none of the others. `secret`: a secret configuration value of the stack, in
 * base64.
 */
export function licenseObjects<V extends Values = Plain>(
  { install }: Pick<ClusterPlan, "install">,
  namespace: Text<V>,
  secret: (key: string) => Text<V>,
): FleetObject<V>[] {
  const { license } = install;
  if (!license) return [];
  return [
    {
      id: "license",
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: LICENSE_SECRET, namespace },
      data: { license: secret(license.secret) },
    },
  ];
}

/**
 * The pull secret of one namespace's pods, if the stack file gives one. `secret`: a secret
 * configuration value of the stack, in base64.
 */
export function pullSecretObjects<V extends Values = Plain>(
  { install }: Pick<ClusterPlan, "install">,
  namespace: Text<V>,
  secret: (key: string) => Text<V>,
): FleetObject<V>[] {
  const { pullSecret } = install.images;
  if (!pullSecret) return [];
  return [
    {
      id: "registry",
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: PULL_SECRET, namespace },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": secret(pullSecret.secret) },
    },
  ];
}
