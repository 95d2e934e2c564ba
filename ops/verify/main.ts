import { setTimeout as sleep } from "node:timers/promises";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { Unreadable } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { judge, type Outcome, type Result, worst } from "./judge";
import { junit, table } from "./print";
import { readFleet } from "./read";

export interface VerifyOptions extends FleetOptions {
  readonly "as-injected": boolean;
  readonly json: boolean;
  readonly junit: boolean;
  readonly watch: boolean;
  /** Seconds. */
  readonly every: number;
}

/** What could not be judged from here is no failure. */
const ENDS: Readonly<Record<Outcome, Ending>> = {
  ok: "well",
  unknown: "well",
  warning: "attention",
  error: "broken",
};

async function verify(
  options: FleetOptions & Pick<VerifyOptions, "as-injected">,
): Promise<{ results: Result[]; summary: string }> {
  const start = performance.now();
  const { plan, outputs, clusters } = await openFleet(options);
  const results = judge(
    await readFleet(plan, outputs, clusters, {
      done: countProgress(clusters.keys()),
      asInjected: options["as-injected"],
    }),
  );
  const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const took = ((performance.now() - start) / 1000).toFixed(1);
  const summary =
    `${count("ok")} ok, ${count("error")} failed, ${count("warning")} warnings, ${count("unknown")} not known; ` +
    `${plan.clusters.length} clusters, ${plan.links.length} links in ${took} s`;
  return { results, summary };
}

export async function run({ json, junit: forCi, watch, every, ...fleet }: VerifyOptions): Promise<Ending> {
  if (!(every > 0)) throw new Unreadable("--every takes a number of seconds.");
  for (;;) {
    const { results, summary } = await verify(fleet);
    if (json) console.log(JSON.stringify({ at: new Date().toISOString(), summary, results }));
    else if (forCi) process.stdout.write(junit(results));
    else {
      if (watch && process.stdout.isTTY) process.stdout.write("\x1b[2J\x1b[H");
      console.log(table(results, summary));
    }
    if (!watch) return ENDS[worst(results.map(({ outcome }) => outcome))];
    await sleep(every * 1000);
  }
}
