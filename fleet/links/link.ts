import { isRotated } from "../access/plan";
import type { Mode } from "../config/common";
import { credentialsName } from "../config/names";
import type { ClusterPlan } from "../plan";
import type { LinkPlan } from "../topology/plan";

/** `spec` of a Link, `multicluster.linkerd.io/v1alpha3` (linkerd2 `templates/link-crd.yaml`). Ports are strings there. */
export interface LinkSpec<T = string> {
  readonly targetClusterName: string;
  readonly targetClusterDomain: string;
  readonly targetClusterLinkerdNamespace: string;
  readonly clusterCredentialsSecret: string;
  /** Addresses, separated by commas. Without a gateway, absent. */
  readonly gatewayAddress?: T;
  readonly gatewayPort?: string;
  readonly gatewayIdentity?: string;
  readonly probeSpec?: ProbeSpec;
  readonly selector: LabelSelector;
  readonly remoteDiscoverySelector: LabelSelector;
  readonly federatedServiceSelector: LabelSelector;
  readonly excludedAnnotations: readonly string[];
  readonly excludedLabels: readonly string[];
}

export interface ProbeSpec {
  readonly path: string;
  readonly port: string;
  /** Duration string. */
  readonly period: string;
  readonly failureThreshold: string;
  readonly timeout: string;
}

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

const EXPORTED = "mirror.linkerd.io/exported";
const FEDERATED = "mirror.linkerd.io/federated";

/** The labels that let a Service cross, whatever their value. */
export const EXPORT_KEYS = [EXPORTED, FEDERATED] as const;

/** The label that lets a service cross, for each mode (linkerd2 `pkg/k8s/labels.go`). */
export const EXPORT_LABEL: Readonly<Record<Mode, readonly [key: string, value: string]>> = {
  gateway: [EXPORTED, "true"],
  flat: [EXPORTED, "remote-discovery"],
  federated: [FEDERATED, "member"],
};

/**
 * No Service carries this label, so a selector for it takes every mirror away. An absent selector would do the
 * same, but a field that is written is a field that a reviewer, and a server-side apply, can see.
 */
const NOTHING: LabelSelector = { matchLabels: { "linkerd-fleet/crosses": "nothing" } };

/** The labels a Service carries to cross in these modes. */
export function exportLabels(modes: readonly Mode[]): Record<string, string> {
  return Object.fromEntries(modes.map((mode) => EXPORT_LABEL[mode]));
}

/** In a Link's excludedAnnotations: a key that no Service carries. */
const GENERATION_MARK = "linkerd-fleet/token-generation-";

/** The generation of the token that a Link's spec was written for. */
export function markedGeneration(spec: Readonly<Record<string, unknown>>): number {
  const mark = [spec.excludedAnnotations]
    .flat()
    .map(String)
    .find((key) => key.startsWith(GENERATION_MARK));
  return mark === undefined ? 1 : Number(mark.slice(GENERATION_MARK.length));
}

/**
 * Every field that `linkerd multicluster link-gen` writes. `gatewayAddress` is a `T`: it may come from a resource.
 * `generation` is that of the access's token.
 */
export function linkSpec<T>(
  link: LinkPlan,
  target: ClusterPlan,
  gatewayAddress: T,
  generation: number,
): LinkSpec<T> {
  const carries = (mode: Mode): LabelSelector => {
    if (link.state === "draining" || !link.modes.includes(mode)) return NOTHING;
    const [key, value] = EXPORT_LABEL[mode];
    return { matchLabels: { [key]: value } };
  };
  return {
    targetClusterName: link.target,
    targetClusterDomain: target.clusterDomain,
    targetClusterLinkerdNamespace: target.controlPlaneNamespace,
    clusterCredentialsSecret: credentialsName(link.target),
    ...gatewayFields(link, target, gatewayAddress),
    selector: carries("gateway"),
    remoteDiscoverySelector: carries("flat"),
    federatedServiceSelector: carries("federated"),
    // A service mirror reads its credentials again only when its Link's spec changes.
    excludedAnnotations: isRotated({ generation })
      ? [...link.excludedAnnotations, `${GENERATION_MARK}${generation}`]
      : link.excludedAnnotations,
    excludedLabels: link.excludedLabels,
  };
}

/** An empty probe path means no probe, so a link without a gateway has no probe fields at all. */
function gatewayFields<T>(
  link: LinkPlan,
  target: ClusterPlan,
  gatewayAddress: T,
): Pick<LinkSpec<T>, "gatewayAddress" | "gatewayPort" | "gatewayIdentity" | "probeSpec"> {
  if (!target.gateway.enabled || !link.modes.includes("gateway")) return {};
  const { port, probePort, identity } = target.gateway;
  return {
    gatewayAddress,
    gatewayPort: String(port),
    gatewayIdentity: identity,
    // Path and period: annotations of the gateway's Service. A probe may hang for `timeout`, and three
    // failures take the mirrors out: with the CRD's own default of 30 s a dead gateway would cost 90 s.
    probeSpec: {
      path: "/ready",
      port: String(probePort),
      period: "3s",
      failureThreshold: "3",
      timeout: "5s",
    },
  };
}

/** Type of both copies of a link's credentials; Linkerd looks at no other (linkerd2 `pkg/k8s/labels.go`). */
export const CREDENTIALS_TYPE = "mirror.linkerd.io/remote-kubeconfig";

/** What the destination controller must find on its copy, or it passes the target over. */
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

/** `linkerd multicluster check` compares this annotation with its own version. */
export function createdBy(chartVersion: string): string {
  const edge = /^20(\d\d)\.(\d+)\.(\d+)$/.exec(chartVersion);
  return `linkerd/cli ${edge ? `edge-${edge.slice(1).join(".")}` : chartVersion}`;
}

/**
 * A kubeconfig that opens one target with one access and needs nothing else: CA inline, our address, a token.
 * JSON is YAML, and its order of keys is ours to fix.
 * `caData` is base64, `token` is plain.
 */
export function linkKubeconfig(
  target: Pick<ClusterPlan, "name" | "apiServer">,
  serviceAccount: string,
  credentials: { readonly caData: string; readonly token: string },
): string {
  const { name } = target;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name, cluster: { server: target.apiServer, "certificate-authority-data": credentials.caData } },
    ],
    users: [{ name: serviceAccount, user: { token: credentials.token } }],
    contexts: [{ name, context: { cluster: name, user: serviceAccount } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
