import type { FleetConfig } from "../config/fleetConfig";
import { exportKey } from "../config/names";
import type { Plan } from "../plan";
import type { CrossStackOutputs } from "../stacks/crossStack";
import { otherStacks } from "../stacks/plan";
import { planLinks } from "../topology/plan";
import { ownValue } from "./labels";
import { crossingModes } from "./named";

/**
 * Clusters of other stacks that lose a service for a while: it crosses to named clusters only from now on, and their
 * Links do not name it before their own stack is deployed.
 */
export function unselectedNotes(
  config: FleetConfig,
  plan: Pick<Plan, "exports" | "labelOrder">,
  self: string,
  crossStack: ReadonlyMap<string, CrossStackOutputs>,
): string[] {
  const narrowed = plan.exports.filter((one) => plan.labelOrder[exportKey(one)] === "links-first");
  if (narrowed.length === 0) return [];
  const others = otherStacks(config, self);
  const links = planLinks(config.topology, config.clusters).filter(({ state }) => state === "active");
  return narrowed.flatMap((one) => {
    const late = links
      .filter(({ source, target }) => target === one.cluster && others.has(source))
      .filter((link) => {
        const selected =
          crossStack.get(others.get(link.source) ?? "")?.selects[link.target]?.[link.source] ?? [];
        const named = crossingModes(one, link).filter((mode) => one.to?.[mode]);
        return named.some((mode) => !selected.includes(ownValue(mode, one)));
      });
    return [...Map.groupBy(late, ({ source }) => others.get(source) ?? "")].map(([stack, of]) => {
      const clusters = of.map(({ source }) => source).join(", ");
      return (
        `Service ${one.namespace}/${one.name} of ${one.cluster} crosses to named clusters only from now on. ${clusters} ` +
        `of stack ${stack} is named, but its Link does not say so yet: it loses the service until that stack is ` +
        `deployed → deploy stack ${stack} first`
      );
    });
  });
}
