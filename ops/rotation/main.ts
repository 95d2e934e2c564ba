import { inParallel, openClusters } from "../../live/cluster";
import { readOutputs } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { judgeRotation } from "./judge";
import { readTrust } from "./read";

export interface RotationOptions {
  readonly stack?: string | undefined;
  readonly json: boolean;
}

export async function run({ stack, json }: RotationOptions): Promise<Ending> {
  const { plan, trustBundle } = await readOutputs({ stack });
  const live = await openClusters(plan.clusters, stack);
  const done = countProgress(live.keys());
  const clusters = await inParallel([...live], 8, async ([name, cluster]) => {
    const trust = await readTrust(cluster, plan.clusters[name]?.controlPlaneNamespace ?? "");
    done(name);
    return [name, trust] as const;
  });
  const { seen, blockers, next } = judgeRotation(plan.anchors, trustBundle, new Map(clusters), new Date());
  const ending = blockers.length > 0 ? "attention" : "well";
  if (json) {
    const anchors = plan.anchors.map(({ id, state }) => ({ id, state }));
    console.log(JSON.stringify({ anchors, clusters: seen, blockers: blockers, next }));
    return ending;
  }
  console.log(`Trust anchors: ${plan.anchors.map(({ id, state }) => `${id} ${state}`).join(", ")}`);
  for (const [cluster, what] of Object.entries(seen)) console.log(`  ${cluster}: ${what}`);
  for (const { cluster, what, fix } of blockers) console.log(`${cluster}: ${what}\n  → ${fix}`);
  if (blockers.length > 0) {
    console.log(next ? `Not yet: ${next}` : "The last change of the anchors is not finished");
  } else console.log(next ? `Ready: ${next}` : "Nothing to do: no anchor is staged or retiring");
  return ending;
}
