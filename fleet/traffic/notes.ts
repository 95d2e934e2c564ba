import type { FleetConfig } from "../config/fleetConfig";
import { exportKey } from "../config/names";
import { type RawOutputs, readOutput } from "../outputs/schema";
import type { Plan } from "../plan";
import { otherStacks } from "../stacks/plan";
import { planLinks } from "../topology/plan";
import { planRoutes, type RoutePlan } from "./plan";

/**
 * Routes that lead into another stack while its cluster is evacuated, or comes back: one stack cannot wait for
 * another.
 */
export function stackOrderNotes(
  config: FleetConfig,
  plan: Pick<Plan, "routes" | "routeOrder">,
  self: string,
  last: RawOutputs,
): string[] {
  const others = otherStacks(config, self);
  if (others.size === 0) return [];
  return [
    ...leaving(config, plan, others).map(
      ({ route, target, stack }) =>
        `${titleOf(route)} of ${target} loses its mirror services, and callers in ${route.cluster} of stack ${stack} may still ` +
        `be sent to one → deploy stack ${stack} with this stack file first`,
    ),
    ...coming(plan, others, last).map(
      ({ route, target, stack }) =>
        `Callers in ${route.cluster} are sent to ${titleOf(route)} of ${target} again, which has a mirror service only when ` +
        `stack ${stack} is deployed → deploy stack ${stack} with this stack file first`,
    ),
  ];
}

interface Crossing {
  readonly route: RoutePlan;
  readonly target: string;
  readonly stack: string;
}

/** Routes of other stacks to members of this one that are evacuated in this step. */
function leaving(
  config: FleetConfig,
  { routeOrder }: Pick<Plan, "routeOrder">,
  others: ReadonlyMap<string, string>,
): Crossing[] {
  const back = Object.entries(config.clusters).map(([name, of]) => [name, { ...of, evacuate: false }]);
  const before = { ...config, clusters: Object.fromEntries(back) };
  return planRoutes(before, planLinks(config.topology, config.clusters)).flatMap((route) => {
    const stack = others.get(route.cluster);
    if (stack === undefined) return [];
    return route.backends
      .filter(({ cluster }) => routeOrder.leaving.includes(exportKey({ ...route, cluster })))
      .map(({ cluster: target }) => ({ route, target, stack }));
  });
}

/** Routes of this stack to members of others that did not answer when it was deployed last. */
function coming(
  { routes }: Pick<Plan, "routes">,
  others: ReadonlyMap<string, string>,
  last: RawOutputs,
): Crossing[] {
  const services = readOutput(last, "services") ?? [];
  return routes.flatMap((route) => {
    const known = services.filter(
      ({ namespace, name }) => namespace === route.namespace && name === route.name,
    );
    if (known.length === 0) return [];
    return route.backends.flatMap(({ cluster: target }) => {
      const stack = others.get(target);
      const answered = known.some(({ elsewhere = [] }) => elsewhere.includes(target));
      return stack === undefined || answered ? [] : [{ route, target, stack }];
    });
  });
}

function titleOf({ namespace, name }: RoutePlan): string {
  return `Service ${namespace}/${name}`;
}
