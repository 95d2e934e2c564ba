/**
 * `npm run verify`: whether the clusters are as the stack file says, and what to do where they are not. Exit code 0
 * when all is well, 1 for warnings, 2 for failures, 3 when it could not begin.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { FLEET_OPTIONS, type FleetOptions, openFleet } from "../../live/fleet";
import { Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { EXIT_CODES, judge, type Result, worst } from "./judge";
import { junit, table } from "./print";
import { readFleet } from "./read";

const USAGE =
  "npm run verify -- [--stack NAME] [--config FILE] [--outputs FILE] [--json | --junit] [--watch] [--every SECONDS]";

async function verify(options: FleetOptions): Promise<{ results: Result[]; summary: string }> {
  const start = performance.now();
  const { plan, outputs, clusters } = await openFleet(options);
  const waiting = new Set(clusters.keys());
  const progress = () => showProgress(`${clusters.size - waiting.size} of ${clusters.size} clusters read`);
  progress();
  const fleet = await readFleet(plan, outputs, clusters, (cluster) => {
    waiting.delete(cluster);
    progress();
  });
  const results = judge(fleet);
  showProgress("");
  const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const took = ((performance.now() - start) / 1000).toFixed(1);
  const summary =
    `${count("ok")} ok, ${count("error")} failed, ${count("warning")} warnings, ${count("unknown")} not known; ` +
    `${plan.clusters.length} clusters, ${plan.links.length} links in ${took} s`;
  return { results, summary };
}

/** One line, for people who wait. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...FLEET_OPTIONS,
      json: { type: "boolean", default: false },
      junit: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
      every: { type: "string", default: "30" },
    },
  });
  const seconds = Number(values.every);
  if (!(seconds > 0)) throw new Unreadable(`--every takes a number of seconds.\n${USAGE}`);
  for (;;) {
    const { results, summary } = await verify(values);
    if (values.json) console.log(JSON.stringify({ at: new Date().toISOString(), summary, results }));
    else if (values.junit) process.stdout.write(junit(results));
    else {
      if (values.watch && process.stdout.isTTY) process.stdout.write("\x1b[2J\x1b[H");
      console.log(table(results, summary));
    }
    if (!values.watch) return EXIT_CODES[worst(results.map(({ outcome }) => outcome))];
    await sleep(seconds * 1000);
  }
}

runProgram(main);
