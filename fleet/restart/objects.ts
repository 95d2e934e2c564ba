import { restartOf } from "../clusters/objects";
import type { ClusterPlan } from "../clusters/plan";
import type { FleetObject } from "../objects/object";
import { type WorkloadRestart, workloadKey } from "./plan";
import { RESTART_MARK } from "./workloads";

/**
 * Patches that restart the workloads that are selected, wave by wave. They are no part of what `verify` compares: a
 * workload that its owner made anew bears no mark, and is as it should be if its proxies are.
 */
export function rollingRestarts({ restart }: Pick<ClusterPlan, "restart">): FleetObject<never>[] {
  const restarts = restart.rolling?.restarts ?? [];
  const ids = new Map(restarts.map((one) => [workloadKey(one), idOf(one)]));
  return restarts.map((one) => ({
    ...restartOf<never>(idOf(one), one.namespace, one, [RESTART_MARK, one.mark], FORCED),
    after: one.after.flatMap((key) => ids.get(key) ?? []),
  }));
}

/**
 * The name of a field manager would be an annotation of the workload, which another patch of it may own with another
 * name: that of `trust.restart`, or of a gateway. So the provider draws one. What a drawn one left behind, in a state
 * that is lost, is taken over by force; the mark is nobody else's.
 */
const FORCED = { "pulumi.com/patchForce": "true" };

function idOf({ kind, namespace, name }: WorkloadRestart): string {
  return `${namespace}/${kind.toLowerCase()}/${name}`;
}
