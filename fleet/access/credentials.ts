import type { ClusterPlan } from "../clusters/plan";

/** Type of both copies of a link's credentials; Linkerd looks at no other (linkerd2 `pkg/k8s/labels.go`). */
export const CREDENTIALS_TYPE = "mirror.linkerd.io/remote-kubeconfig";

/** Metadata that the destination controller requires on its copy. Without it, the controller ignores the target. */
export function destinationMetadata(
  target: Pick<ClusterPlan, "name" | "trustDomain" | "clusterDomain">,
): Record<"labels" | "annotations", Record<string, string>> {
  return {
    labels: { "multicluster.linkerd.io/cluster-name": target.name },
    annotations: {
      "multicluster.linkerd.io/trust-domain": target.trustDomain,
      "multicluster.linkerd.io/cluster-domain": target.clusterDomain,
    },
  };
}

/**
 * A kubeconfig that opens one target with one access and needs nothing else: CA inline, our address, a token.
 * JSON is YAML, and its order of keys is ours to fix.
 * `caData` is base64, `token` is plain.
 */
export function linkKubeconfig(
  target: Pick<ClusterPlan, "name" | "apiServer" | "tlsServerName">,
  serviceAccount: string,
  credentials: { readonly caData: string; readonly token: string },
): string {
  const { name, apiServer: server, tlsServerName } = target;
  const cluster = {
    server,
    ...(tlsServerName === undefined ? {} : { "tls-server-name": tlsServerName }),
    "certificate-authority-data": credentials.caData,
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name: serviceAccount, user: { token: credentials.token } }],
    contexts: [{ name, context: { cluster: name, user: serviceAccount } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
