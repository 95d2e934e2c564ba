import { isRotated } from "../access/plan";
import type { ClusterPlan } from "../clusters/plan";
import type { Mode } from "../config/common";
import { credentialsName } from "../config/names";
import { EXPORT_LABEL, ownValues } from "../exports/labels";
import type { LabelSelector, LinkSpec } from "../objects/multicluster";
import type { LinkPlan } from "../topology/plan";

/**
 * No Service carries this label, so a selector for it takes every mirror away. An absent selector would do the
 * same, but a field that is written is a field that a reviewer, and a server-side apply, can see.
 */
const NOTHING: LabelSelector = { matchLabels: { "linkerd-fleet/crosses": "nothing" } };

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
    const named = link.selects?.[mode];
    if (!named) return { matchLabels: { [key]: value } };
    return { matchExpressions: [{ key, operator: "In", values: [value, ...ownValues({ [mode]: named })] }] };
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

/** `linkerd multicluster check` compares this annotation with its own version. */
export function createdBy(chartVersion: string): string {
  const edge = /^20(\d\d)\.(\d+)\.(\d+)$/.exec(chartVersion);
  return `linkerd/cli ${edge ? `edge-${edge.slice(1).join(".")}` : chartVersion}`;
}
