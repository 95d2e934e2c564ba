import { setTimeout as sleep } from "node:timers/promises";
import { linkName } from "../../fleet/config/names";
import { inParallel, openClusters } from "../../live/cluster";
import { readOutputs, Unreadable } from "../../live/outputs";
import { showProgress } from "../../live/progress";
import { plain } from "../../live/shapes";
import type { Ending } from "../endings";
import { remainingMirrors } from "./remaining";

const POLL_MS = 2000;

export interface DrainOptions {
  readonly stack?: string | undefined;
  /** Seconds. */
  readonly wait: number;
  readonly json: boolean;
}

export async function run({ stack, wait, json }: DrainOptions): Promise<Ending> {
  const deadline = Date.now() + wait * 1000;
  if (Number.isNaN(deadline)) throw new Unreadable("--wait takes a number of seconds.");
  const { plan, links } = await readOutputs({ stack });
  const draining = links.filter(({ state }) => state === "draining");
  if (draining.length === 0) {
    throw new Unreadable(
      "No link is draining: set `state: draining` for the link or the cluster, and deploy first.",
    );
  }
  const bySource = Map.groupBy(draining, ({ source }) => source);
  const sources = Object.fromEntries(Object.entries(plan.clusters).filter(([name]) => bySource.has(name)));

  /** By link: what is left of it, or why that is not known. */
  const look = async (): Promise<Map<string, string>> => {
    // Opened for each look: a cluster that did not answer once is not asked again.
    const clusters = await openClusters(sources, stack);
    const left = await inParallel([...bySource], 8, async ([source, links]) => {
      const read = await clusters.get(source)?.list("/api/v1/services", plain);
      return links.flatMap((one): [string, string][] => {
        const link = linkName(one);
        if (read?.state !== "found") {
          return [
            [link, `${source} could not be asked: ${read?.state === "failed" ? read.message : "no answer"}`],
          ];
        }
        const rest = remainingMirrors(read.value, one.target);
        return rest.length === 0 ? [] : [[link, `${source} still has ${rest.join(", ")}`]];
      });
    });
    return new Map(left.flat());
  };

  let left = await look();
  while (left.size > 0 && Date.now() < deadline) {
    showProgress(`${draining.length - left.size} of ${draining.length} links drained`);
    await sleep(POLL_MS);
    left = await look();
  }
  showProgress("");
  const ending = left.size === 0 ? "well" : "attention";
  if (json) {
    const told = draining.map(linkName).map((link) => ({
      ...{ link, drained: !left.has(link) },
      ...(left.has(link) && { left: left.get(link) }),
    }));
    console.log(JSON.stringify(told));
    return ending;
  }
  for (const link of draining.map(linkName)) console.log(`${link}: ${left.get(link) ?? "drained"}`);
  console.log(
    left.size === 0
      ? "You can remove all of it. Afterwards, `npx fleet tidy " +
          `${[...new Set(draining.map(({ target }) => target))].sort().join(" ")}\` deletes what service mirrors leave: ` +
          "their Leases, and in a cluster that leaves the fleet, its own federated services."
      : "Not drained. Does the link's service mirror run? `kubectl -n linkerd-multicluster logs " +
          "deploy/controller-<target>`. Delete Services that nobody mirrors any more with kubectl.",
  );
  return ending;
}
