import type { FederatedView } from "../exports/federation";
import type { Plan } from "../plan";
import { deployedAfter } from "./deployed";
import {
  describeAccesses,
  describeClusters,
  describeLinks,
  describePlan,
  describeServices,
} from "./describe";
import { byName, type RawOutputs } from "./schema";

/** Values that are known only from the resources of a deployment. */
export interface MadeFleet<T, Members> {
  /** By cluster: the addresses of its gateway. */
  readonly gatewayAddresses: Readonly<Record<string, T>>;
  readonly sourcesOfTruth: readonly FederatedView<Members>[];
  readonly trustBundle: T;
}

/** The outputs of the stack. `complete`: nothing failed in this deployment. `last`: the outputs of the one before. */
export function describeFleet<T, Members>(
  plan: Plan,
  made: MadeFleet<T, Members>,
  { complete, last }: { readonly complete: boolean; readonly last: RawOutputs },
) {
  return {
    /** Each cluster: address, region, network, gateway, version. */
    clusters: describeClusters(plan, made.gatewayAddresses),
    /** Each link, by `<source>/<target>`: what it carries, and its state. */
    links: byName(describeLinks(plan)),
    /** Each access, by `<source>/<target>`: which token is used and which are still valid. */
    accesses: byName(describeAccesses(plan, complete)),
    /** Each service that crosses, and the clusters that serve it. */
    services: describeServices(plan, made.sourcesOfTruth),
    /** PEM of all trust anchors. */
    trustBundle: made.trustBundle,
    /** The plan, as plain data. */
    plan: describePlan(plan),
    /** The last deployment in which nothing failed: what every cluster has been given. */
    deployed: deployedAfter(last, plan, complete),
  };
}
