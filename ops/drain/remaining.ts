import { TARGET_LABEL } from "../../fleet/config/names";
import { federatedMembers, PROBE_LABEL } from "../../fleet/links/mirrors";
import type { Plain } from "../../live/shapes";

/**
 * What of a source's Services still leads to a target: its mirrors, and federated services of which it is a member.
 * The Services are looked at because `Link.status` goes on listing what was removed (linkerd2
 * `multicluster/service-mirror/cluster_watcher.go`).
 */
export function remainingMirrors(services: readonly Plain[], target: string): string[] {
  return services.flatMap(({ metadata: { name, namespace, labels, annotations } }) => {
    const isMember = federatedMembers(annotations).some(({ cluster }) => cluster === target);
    if (isMember && labels[TARGET_LABEL] !== target) {
      return [`${namespace}/${name} (federated)`];
    }
    // The chart's probe Service of the link carries the label as well, and goes with the link.
    if (labels[TARGET_LABEL] !== target || PROBE_LABEL in labels) return [];
    return [`${namespace}/${name}`];
  });
}
