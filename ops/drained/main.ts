/**
 * `npm run drained -- [--stack NAME] [--wait SECONDS]`: whether the draining links of the last deployment are drained,
 * so that they, or their cluster, may be removed. Waits a minute for it by default. Changes nothing. Exit code 1 if
 * something is left or a source does not answer, 2 if there is nothing to look at.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { linkName } from "../../fleet/config/names";
import { inParallel, openClusters } from "../../live/cluster";
import { readOutputs, Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { plain } from "../../live/shapes";
import { leftovers } from "./leftovers";

const POLL_MS = 2000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { stack: { type: "string" }, wait: { type: "string", default: "60" } },
  });
  const deadline = Date.now() + Number(values.wait) * 1000;
  if (Number.isNaN(deadline)) throw new Unreadable("--wait takes a number of seconds.");
  const { plan, links } = await readOutputs(values);
  const draining = links.filter(({ state }) => state === "draining");
  if (draining.length === 0) {
    throw new Unreadable(
      "No link is draining: set `state: draining` for the link or the cluster, and deploy first.",
    );
  }
  const clusters = await openClusters(plan.clusters, values.stack);
  const bySource = Map.groupBy(draining, ({ source }) => source);

  /** By link: what is left of it, or why that is not known. */
  const look = async (): Promise<Map<string, string>> => {
    const left = await inParallel([...bySource], 8, async ([source, links]) => {
      const read = await clusters.get(source)?.list("/api/v1/services", plain);
      return links.flatMap((one): [string, string][] => {
        const link = linkName(one);
        if (read?.state !== "found") {
          return [
            [link, `${source} could not be asked: ${read?.state === "failed" ? read.message : "no answer"}`],
          ];
        }
        const rest = leftovers(read.value, one.target);
        return rest.length === 0 ? [] : [[link, `${source} still has ${rest.join(", ")}`]];
      });
    });
    return new Map(left.flat());
  };

  let left = await look();
  while (left.size > 0 && Date.now() < deadline) {
    await sleep(POLL_MS);
    left = await look();
  }
  for (const link of draining.map(linkName)) console.log(`${link}: ${left.get(link) ?? "drained"}`);
  if (left.size === 0) {
    console.log("All of it can be removed.");
    return 0;
  }
  console.log(
    "Not drained. Does the link's service mirror run? `kubectl -n linkerd-multicluster logs deploy/controller-<target>`. " +
      "Services that nobody mirrors any more are deleted with kubectl.",
  );
  return 1;
}

runProgram(main, 2);
