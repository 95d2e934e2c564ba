import { restartOf, UNNAMED } from "../clusters/objects";
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
    ...restartOf<never>(idOf(one), one.namespace, one, [RESTART_MARK, one.mark], UNNAMED),
    after: one.after.flatMap((key) => ids.get(key) ?? []),
  }));
}

function idOf({ kind, namespace, name }: WorkloadRestart): string {
  return `${namespace}/${kind.toLowerCase()}/${name}`;
}
