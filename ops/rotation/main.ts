/**
 * `npm run rotation -- [--stack NAME]`: whether every cluster is ready for the next step of a trust anchor's rotation.
 * Reads the stack's outputs and the clusters, changes nothing. Exit code 1 if a cluster is not ready, 2 if there are
 * no outputs to read.
 */
import { parseArgs } from "node:util";
import { inParallel, openClusters } from "../../live/cluster";
import { readOutputs } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { judgeRotation } from "./judge";
import { readTrust } from "./read";

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { stack: { type: "string" } } });
  const { plan, trustBundle } = await readOutputs(values);
  const live = await openClusters(plan.clusters, values.stack);
  const clusters = await inParallel([...live], 8, async ([name, cluster]) => {
    const namespace = plan.clusters[name]?.controlPlaneNamespace ?? "";
    return [name, await readTrust(cluster, namespace)] as const;
  });
  const { seen, hindrances, next } = judgeRotation(plan.anchors, trustBundle, new Map(clusters), new Date());

  console.log(`Trust anchors: ${plan.anchors.map(({ id, state }) => `${id} ${state}`).join(", ")}`);
  for (const [cluster, what] of Object.entries(seen)) console.log(`  ${cluster}: ${what}`);
  for (const { cluster, what, fix } of hindrances) console.log(`${cluster}: ${what}\n  → ${fix}`);
  if (hindrances.length > 0) {
    console.log(next ? `Not yet: ${next}` : "The last change of the anchors is not finished");
    return 1;
  }
  console.log(next ? `Ready: ${next}` : "Nothing to do: no anchor is staged or retiring");
  return 0;
}

runProgram(main, 2);
