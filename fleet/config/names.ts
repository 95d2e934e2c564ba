/** Longest DNS label (RFC 1123), and so the longest name of a Service. */
export const MAX_LABEL = 63;

/**
 * A cluster's name is also the name of its Links, the suffix of its credentials Secrets and of its mirror
 * services, and a label value: a DNS-1035 label without dots satisfies all of them.
 */
export const CLUSTER_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * The name of the Deployment `controller-<cluster>` becomes a label value of its pods and one label of their mesh
 * identity, a DNS name.
 */
export const MAX_CLUSTER_NAME = MAX_LABEL - "controller-".length;

/** DNS-1123 label: namespaces. */
export const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** DNS-1035 label: Services. */
export const SERVICE_NAME = CLUSTER_NAME;

/** The suffix Linkerd gives a federated service. It is fixed in the service mirror. */
export const FEDERATED_SUFFIX = "-federated";

export const CONTROL_PLANE_NAMESPACE = "linkerd";
export const MULTICLUSTER_NAMESPACE = "linkerd-multicluster";
export const VIZ_NAMESPACE = "linkerd-viz";
export const GATEWAY_NAME = "linkerd-gateway";

/** The name of a resource of one generation. The first has the name from before there were others. */
export function ofGeneration(name: string, generation: number): string {
  return generation === 1 ? name : `${name}-${generation}`;
}

/** Secret, in each of our namespaces, with which their pods pull images. */
export const PULL_SECRET = "linkerd-fleet-registry";

/** Secret of the enterprise channel, with the key `license` (Buoyant's own default, ControlPlane reference). */
export const LICENSE_SECRET = "buoyant-license";

/**
 * Ports of every Linkerd proxy (linkerd2 `charts/linkerd-control-plane/values.yaml`, `proxy.ports`). A proxy acts as
 * a gateway only on the first, its own inbound port; its health stands at the second, its admin port.
 */
export const GATEWAY_PORT = 4143;
export const PROBE_PORT = 4191;

/** Secret that holds the kubeconfig for one target; the chart's RBAC allows exactly this name. */
export function credentialsName(target: string): string {
  return `cluster-credentials-${target}`;
}

/** ServiceAccount, in a target, that one source's service mirror and destination controller use. */
export function accessName(source: string): string {
  return `linkerd-service-mirror-remote-access-${source}`;
}

/** Secrets with the tokens of ServiceAccounts (Kubernetes `core/v1`). */
export const TOKEN_TYPE = "kubernetes.io/service-account-token";

/** The target's name, on mirror services, on probe Services and on service mirrors (linkerd2 `pkg/k8s/labels.go`). */
export const TARGET_LABEL = "mirror.linkerd.io/cluster-name";

/** Names a link, in maps and to people. */
export function linkName(link: { readonly source: string | undefined; readonly target: string }): string {
  return `${link.source} → ${link.target}`;
}

/** The mirror of a service of `target`, as it appears in a source. */
export function mirrorServiceName(service: string, target: string): string {
  return `${service}-${target}`;
}

/** Name of a policy object of a grant. Names of Services and ports contain no dots, so all these names differ. */
export const GRANT_PREFIX = "fleet.";

/** End of the name of the networks that the probes of one service's pods come from. */
export const PROBES = ".probes";

/** End of the name of what a cluster's own callers of one service are known by. */
export const LOCAL = ".local";

/** Mesh identity of a ServiceAccount (linkerd2 `pkg/identity`). */
export function identityName(
  serviceAccount: string,
  namespace: string,
  controlPlaneNamespace: string,
  trustDomain: string,
): string {
  return `${serviceAccount}.${namespace}.serviceaccount.identity.${controlPlaneNamespace}.${trustDomain}`;
}

/** A Service, the same in every cluster. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Annotation of a namespace or a pod: the policy of ports that no Server covers (linkerd2 `pkg/k8s/labels.go`). */
export const DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy";

/** Names one link, and the access behind it, in maps: `us/eu` leads from us to eu. */
export function linkKey({ source, target }: { readonly source: string; readonly target: string }): string {
  return `${source}/${target}`;
}

/** Names one Service of one cluster, in maps and for the order of lists. */
export function exportKey(of: ServiceName & { readonly cluster: string }): string {
  return `${of.cluster}/${of.namespace}/${of.name}`;
}

/** The Lease of a link's service mirror (linkerd2 `multicluster/cmd/service-mirror/main.go`). */
export function mirrorLease(target: string): string {
  return `service-mirror-write-${target}`;
}
