import { setTimeout as sleep } from "node:timers/promises";
import { knownAnchors } from "../../fleet/transition/ready";
import { judgeReadiness, percentages, type Readiness } from "../../fleet/trust/readiness";
import { inParallel, openClusters } from "../../live/cluster";
import { readOutputs } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import { readTrust } from "../../live/trust";
import type { Ending } from "../endings";
import { needOfNextStep, nextStep } from "./next";
import { describeProgress, watch } from "./watch";

const POLL_MS = 10_000;

export interface RotationOptions {
  readonly stack?: string | undefined;
  readonly json: boolean;
  readonly watch: boolean;
}

export async function run({ stack, json, watch: isWatched }: RotationOptions): Promise<Ending> {
  const { plan, trustBundle } = await readOutputs({ stack });
  // None that are known: no bundle is then that of the fleet.
  const anchors = knownAnchors(plan.anchors, trustBundle) ?? [];
  const need = needOfNextStep(plan.anchors);
  const next = nextStep(plan.anchors);

  // Opened for each look: a cluster that did not answer once is not asked again.
  const look = async (): Promise<Readiness> => {
    const live = await openClusters(plan.clusters, stack);
    const done = countProgress(live.keys());
    const seen = await inParallel([...live], 8, async ([name, cluster]) => {
      const trust = await readTrust(cluster, plan.clusters[name]?.controlPlaneNamespace ?? "");
      done(name);
      return [name, trust] as const;
    });
    return judgeReadiness(anchors, need, new Map(seen), new Date());
  };
  const toJson = (readiness: Readiness): string => {
    const seen = Object.entries(readiness.progress).map(([name, { seen }]) => [name, seen] as const);
    return JSON.stringify({
      anchors: plan.anchors.map(({ id, state }) => ({ id, state })),
      clusters: Object.fromEntries(seen),
      percent: percentages(readiness),
      blockers: readiness.blockers,
      next,
    });
  };
  const tell = (readiness: Readiness): void =>
    console.log(json ? toJson(readiness) : describeProgress(readiness));

  const readiness = isWatched ? await watch(look, { tell, pause: () => sleep(POLL_MS) }) : await look();
  const { progress, blockers } = readiness;
  const ending = blockers.length > 0 ? "attention" : "well";
  if (json) {
    if (!isWatched) tell(readiness);
    return ending;
  }
  console.log(`Trust anchors: ${plan.anchors.map(({ id, state }) => `${id} ${state}`).join(", ")}`);
  const percent = percentages(readiness);
  for (const [cluster, { seen, pods }] of Object.entries(progress)) {
    console.log(`  ${cluster}: ${seen}${pods ? `, ${percent[cluster]} % ready` : ""}`);
  }
  for (const { cluster, what, fix } of blockers) console.log(`${cluster}: ${what}\n  → ${fix}`);
  if (blockers.length > 0) {
    console.log(next ? `Not yet: ${next}` : "The last change of the anchors is not finished");
  } else console.log(next ? `Ready: ${next}` : "Nothing to do: no anchor is staged or retiring");
  return ending;
}
