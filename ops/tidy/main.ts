import { inParallel, type LiveCluster, openClusters } from "../../live/cluster";
import { readOutputs } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { confirmed } from "../recover/engine";
import { clean, cleanedInWords, lookForLeft } from "./clean";

export interface TidyOptions {
  /** The targets. */
  readonly cluster: readonly string[];
  readonly stack?: string | undefined;
  readonly in: readonly string[];
  readonly yes: boolean;
}

export async function run({ cluster: named, stack, in: contexts, yes }: TidyOptions): Promise<Ending> {
  const { plan } = await readOutputs({ stack });
  const left = Object.fromEntries(contexts.map((context) => [context, { context }]));
  const members = await openClusters({ ...plan.clusters, ...left }, stack);
  // Who has left the fleet has no link to any of its clusters.
  const orphansIn = ({ name }: LiveCluster) => ({
    targets: new Set(name in left ? [...named, ...Object.keys(plan.clusters)] : named),
    forgotten: false,
  });

  const done = countProgress(members.keys());
  const found = await inParallel([...members.values()], 8, async (cluster) => {
    const left = await lookForLeft(cluster, orphansIn(cluster));
    done(cluster.name);
    return { cluster, ...left };
  });
  const problems = found.flatMap(({ cluster, problems }) =>
    problems.map((problem) => `${cluster.name}: ${problem}`),
  );
  const dirty = found.filter(({ steps }) => steps.length > 0);
  for (const { cluster, steps } of dirty)
    console.log(`${cluster.name} still has ${steps.map(({ what }) => what).join(", ")}`);
  if (dirty.length > 0) {
    if (!(await confirmed(yes))) return "notBegun";
    await inParallel(dirty, 8, async ({ cluster }) => {
      const cleaned = await clean(cluster, orphansIn(cluster));
      for (const line of cleanedInWords(cluster.name, cleaned)) console.log(line);
      problems.push(...cleaned.problems.map((problem) => `${cluster.name}: ${problem}`));
    });
  }
  for (const problem of problems) console.log(problem);
  console.log(
    problems.length === 0
      ? `Nothing is left of links to ${named.join(", ")}.`
      : "Something may be left: run this again when it is mended.",
  );
  return problems.length === 0 ? "well" : "attention";
}
