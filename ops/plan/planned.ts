import { definedOnly } from "../../fleet/config/collections";
import type { FleetConfig } from "../../fleet/config/fleetConfig";
import type { GrantPlan } from "../../fleet/grants/plan";
import {
  describeAccesses,
  describeClusters,
  describeLinks,
  describeServices,
} from "../../fleet/outputs/describe";
import type { AccessSummary, ClusterSummary, LinkSummary, ServiceSummary } from "../../fleet/outputs/schema";
import { planFleet } from "../../fleet/plan";
import { WHOLE } from "../../fleet/stacks/plan";
import type { RoutePlan } from "../../fleet/traffic/plan";

/**
 * What one stack makes, in the words of its outputs. Gateways have no addresses yet but those that are written down.
 */
export interface Planned {
  readonly clusters: Readonly<Record<string, ClusterSummary>>;
  readonly links: readonly LinkSummary[];
  readonly services: readonly ServiceSummary[];
  /** Who may call each service in each cluster that serves it. */
  readonly grants: readonly Pick<GrantPlan, "cluster" | "namespace" | "name" | "ports" | "enforce">[];
  readonly routes: readonly RoutePlan[];
  readonly accesses: readonly AccessSummary[];
}

/** `stack`: whose part of the fleet; all of it where the stack file's name tells no stack. */
export function planned(config: FleetConfig, stack: string | undefined): Planned {
  const plan = planFleet(config, { ...WHOLE, self: stack });
  return {
    clusters: describeClusters(plan, {}),
    links: describeLinks(plan),
    services: describeServices(plan),
    grants: plan.grants.map(({ cluster, namespace, name, ports, enforce }) => ({
      ...{ cluster, namespace, name, ports },
      ...definedOnly({ enforce }),
    })),
    routes: plan.routes,
    accesses: describeAccesses(plan, true),
  };
}
