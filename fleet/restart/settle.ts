import type { ClusterPlan } from "../clusters/plan";
import { readDeployment } from "../outputs/deployed";
import { type RawOutputs, readOutput } from "../outputs/schema";
import type { Plan } from "../plan";
import { knownAnchors } from "../transition/ready";
import { bundleHash, joinBundle } from "../trust/bundle";
import { type Aim, controlPlaneVersions, reasons } from "./freshness";
import { type RollingPlan, type WorkloadRestart, workloadKey } from "./plan";
import type { SeenWorkloads, Workload } from "./workloads";

/** By cluster, what was read of the workloads that are selected. One that is not among them was not asked. */
export type Seen = ReadonlyMap<string, SeenWorkloads | { readonly unread: string }>;

/** The plan with the restarts of this deployment, and what to tell of them. */
export interface Settled {
  readonly plan: Plan;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Which workloads restart in this deployment: those that are selected, have a pod with an old bundle or an old proxy,
 * and were not restarted for the same before. In a cluster that was not read, all stays as the last deployment left it.
 */
export function settleRestarts(plan: Plan, seen: Seen, last: RawOutputs): Settled {
  const settled = plan.clusters.map((cluster) => settleCluster(plan, cluster, seen.get(cluster.name), last));
  return {
    plan: { ...plan, clusters: settled.map(({ cluster }) => cluster) },
    notes: settled.flatMap(({ notes }) => notes),
    warnings: [...settled.flatMap(({ warnings }) => warnings), ...inVain(plan, seen)],
  };
}

interface SettledCluster {
  readonly cluster: ClusterPlan;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

function settleCluster(
  plan: Plan,
  cluster: ClusterPlan,
  seen: ReturnType<Seen["get"]>,
  last: RawOutputs,
): SettledCluster {
  const { name, restart } = cluster;
  const { rolling } = restart;
  if (!rolling) return { cluster, notes: [], warnings: [] };
  const withRestarts = (restarts: readonly WorkloadRestart[]): ClusterPlan => ({
    ...cluster,
    restart: { ...restart, rolling: { ...rolling, restarts } },
  });
  if (!seen || "unread" in seen) {
    const why = seen ? `: ${seen.unread}` : "";
    const warning =
      `${name}: which workloads have to restart was not read${why}. None restarts; the next \`pulumi up\` that reads ` +
      "them goes on";
    return { cluster: withRestarts(remembered(name, last)), notes: [], warnings: [warning] };
  }
  const { kept, waves, told, warnings } = planWaves(rolling, seen, aimOf(plan, cluster, seen, last));
  return {
    cluster: withRestarts([...kept, ...waves]),
    notes:
      waves.length === 0
        ? []
        : [
            `${name}: ${waves.length === 1 ? "1 workload restarts" : `${waves.length} workloads restart`}, at most ` +
              `${rolling.atOnce} at once: ${told.join(", ")}`,
          ],
    warnings: warnings.map((warning) => `${name}: ${warning}`),
  };
}

interface Waves {
  readonly kept: readonly WorkloadRestart[];
  readonly waves: readonly WorkloadRestart[];
  /** Each of them with its reasons, for a person. */
  readonly told: readonly string[];
  readonly warnings: readonly string[];
}

/** The decision of one cluster. A selection is done before the next begins, and at most `atOnce` restart at once. */
export function planWaves(
  { target, atOnce, on }: Pick<RollingPlan, "target" | "atOnce" | "on">,
  { selected, pods }: SeenWorkloads,
  aim: Aim,
): Waves {
  const podsOf = Map.groupBy(
    pods.filter(({ isControlPlane }) => !isControlPlane),
    ({ workload }) => workload,
  );
  const judged = selected.map(({ workloads }) =>
    workloads.map((workload) => {
      const why = new Set((podsOf.get(workloadKey(workload)) ?? []).flatMap((pod) => reasons(pod, aim, on)));
      return { workload, why: [...why], isDue: why.size > 0 && workload.mark !== target };
    }),
  );
  const all = judged.flat();
  const due = all.filter(({ isDue }) => isDue);
  const moving = all.filter(({ workload: { mark, settled } }) => mark === target && !settled);
  const byHand = due.filter(({ workload }) => workload.manual !== undefined);
  const unready = due.filter(({ workload }) => workload.manual === undefined && !workload.settled);
  const isFree = ({ workload, isDue }: (typeof all)[number]) =>
    isDue && workload.manual === undefined && workload.settled;
  const held = moving.length > 0 ? all.filter(isFree) : [];

  const waves: WorkloadRestart[] = [];
  let before: readonly string[] = [];
  for (const some of judged) {
    const free = moving.length > 0 ? [] : some.filter(isFree);
    for (let at = 0; at < free.length; at += atOnce) {
      const wave = free.slice(at, at + atOnce).map(({ workload }) => restartOf(workload, target, before));
      waves.push(...wave);
      before = wave.map(workloadKey);
    }
  }
  const restarting = new Set(waves.map(workloadKey));
  const kept = all.flatMap(({ workload }) =>
    workload.mark === undefined || restarting.has(workloadKey(workload))
      ? []
      : [restartOf(workload, workload.mark, [])],
  );
  const names = (some: typeof all) => some.map(({ workload }) => workloadKey(workload)).join(", ");
  return {
    kept,
    waves,
    told: all
      .filter(({ workload }) => restarting.has(workloadKey(workload)))
      .map(({ workload, why }) => `${workloadKey(workload)} (${why.join(", ")})`),
    warnings: [
      ...(held.length === 0
        ? []
        : [
            `${names(moving)} restarted and is not ready yet. Until it is, these do not restart: ${names(held)}. Run ` +
              "`pulumi up` again when it is",
          ]),
      ...unready.map(
        ({ workload }) =>
          `${workloadKey(workload)} is not ready, and does not restart until it is. Mend it, and run \`pulumi up\` again`,
      ),
      ...byHand.map(
        ({ workload }) =>
          `${workloadKey(workload)} has old pods, and ${workload.manual}: restart its pods yourself`,
      ),
    ],
  };
}

function restartOf(
  { kind, namespace, name }: Workload,
  mark: string,
  after: readonly string[],
): WorkloadRestart {
  return { kind, namespace, name, mark, after };
}

/** What a proxy is compared with after this deployment. */
function aimOf(
  plan: Plan,
  { name, install, restart }: ClusterPlan,
  seen: SeenWorkloads,
  last: RawOutputs,
): Aim {
  const ran = readOutput(last, "plan");
  const known = ran && knownAnchors(ran.anchors, readOutput(last, "trustBundle") ?? "");
  const pems = plan.trust.anchors.flatMap(
    ({ id, certificate }) => certificate ?? known?.find((anchor) => anchor.id === id)?.pem ?? [],
  );
  const { known: deployed } = readDeployment(last);
  const ids = (anchors: readonly { readonly id: string }[]) => anchors.map(({ id }) => id).join();
  // Without outputs, what is live is all that is known.
  const sameAnchors = [...(deployed ? [deployed.plan.anchors, ...deployed.unfinished] : [])].every(
    (anchors) => ids(anchors) === ids(plan.trust.anchors),
  );
  return {
    bundles: new Set([
      ...(pems.length === plan.trust.anchors.length ? [bundleHash(joinBundle(pems))] : []),
      ...(sameAnchors && seen.bundle !== undefined ? [bundleHash(seen.bundle)] : []),
    ]),
    versions: versionsOf(
      deployed?.plan.clusters[name]?.charts.controlPlane,
      install.controlPlane.version,
      controlPlaneVersions(seen.pods),
      restart.rolling?.proxyVersion,
    ),
  };
}

/** `live`: of the control plane's own proxies. `proxies`: of the planned chart. */
function versionsOf(
  deployed: string | undefined,
  planned: string,
  live: ReadonlySet<string>,
  proxies: string | undefined,
): Aim["versions"] {
  const present = deployed === planned ? live : new Set<string>();
  if (proxies !== undefined) return new Set([proxies, ...present]);
  return deployed === undefined || (deployed === planned && live.size === 0) ? undefined : present;
}

/** The restarts that the last deployment left, in a cluster that cannot be read now. */
function remembered(cluster: string, last: RawOutputs): WorkloadRestart[] {
  const marks = readOutput(last, "plan")?.clusters[cluster]?.restarts ?? [];
  return marks.map((restart) => ({ ...restart, after: [] }));
}

/** Selections that no cluster has a workload for. One that could not be read may have. */
function inVain(plan: Plan, seen: Seen): string[] {
  const uses = plan.clusters.flatMap(({ name, restart }) =>
    (restart.rolling?.selections ?? []).map((selection) => ({ cluster: name, selection })),
  );
  return [...Map.groupBy(uses, ({ selection }) => selection.path)].flatMap(([path, some]) => {
    const isUsed = some.some(({ cluster, selection }) => {
      const found = seen.get(cluster);
      return (
        !found ||
        "unread" in found ||
        found.selected.some((one) => one.selection.path === selection.path && one.count > 0)
      );
    });
    const clusters = some.map(({ cluster }) => cluster).join(", ");
    return isUsed
      ? []
      : [`${path} selects no workload in ${clusters}: check its namespace, name, labels and kinds`];
  });
}
