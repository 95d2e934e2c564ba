import type { Mode } from "../fleet/config/common";
import { selects } from "../fleet/effective/selectors";
import type { LabelSelector, LinkSpec } from "../fleet/objects/multicluster";

/**
 * The modes in which a service mirror takes a Service over a Link, by its labels alone (linkerd2
 * `multicluster/service-mirror/cluster_watcher.go`, `isExported`, `isRemoteDiscovery`, `isFederatedServiceMember`).
 */
export function mirroredModes(
  spec: Pick<LinkSpec, "selector" | "remoteDiscoverySelector" | "federatedServiceSelector">,
  labels: Readonly<Record<string, string>>,
): Mode[] {
  const takes = (selector: LabelSelector) =>
    selects(
      {
        matchLabels: "matchLabels" in selector ? { ...selector.matchLabels } : {},
        matchExpressions:
          "matchExpressions" in selector
            ? selector.matchExpressions.map(({ key, operator, values }) => ({
                key,
                operator,
                values: [...values],
              }))
            : [],
      },
      labels,
    );
  return [
    ...(takes(spec.selector) ? (["gateway"] as const) : []),
    ...(takes(spec.remoteDiscoverySelector) ? (["flat"] as const) : []),
    ...(takes(spec.federatedServiceSelector) ? (["federated"] as const) : []),
  ];
}
