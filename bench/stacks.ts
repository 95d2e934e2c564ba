import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { outputsSchema } from "../fleet/outputs/schema";
import { repository } from "../lab/env";
import { cluster } from "../testing/fleets";
import { MemoryFleet, resourcesIn } from "./memory/fleet";
import { tell } from "./result";

const CLUSTERS = 10;
const PARALLEL = 2;
/** Makes the trust anchor and has no cluster. */
const TRUST = "trust";

const outputs = outputsSchema.pick({ links: true });
const jobs = z.object({ jobs: z.array(z.unknown()) });

/**
 * A fleet from nothing until no link is pending: each stack a hub with its spokes, and the hubs linked to the first.
 */
async function measure(fleet: MemoryFleet, count: number): Promise<void> {
  const stacks = Array.from({ length: count }, (_, at) => `s${String(at + 1).padStart(2, "0")}`);
  const pairs = stacks.flatMap((stack) => [
    ...Array.from({ length: CLUSTERS - 1 }, (_, at) => [`${stack}-0`, `${stack}-${at + 1}`] as const),
    ...(stack === stacks[0] ? [] : [[`${stacks[0]}-0`, `${stack}-0`] as const]),
  ]);
  const links = pairs.flatMap(([a, b]) => [
    { source: a, target: b },
    { source: b, target: a },
  ]);
  const names = stacks.flatMap((stack) =>
    Array.from({ length: CLUSTERS }, (_, at) => [stack, `${stack}-${at}`] as const),
  );
  const sections = {
    linkerd: { version: "2026.8.3" },
    trust: { stack: TRUST, anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(names.map(([stack, name]) => [name, cluster(name, { stack })])),
    topology: { kind: "links", links },
  };
  const file = join(fleet.folder, "fleet.yaml");
  writeFileSync(file, stringify(sections));
  fleet.haveContexts(names.map(([, name]) => name));
  for (const stack of [TRUST, ...stacks]) fleet.write(stack, { fleet: file });

  const rollout = (...args: string[]) =>
    fleet.run(process.execPath, [join(repository, "ops/fleet.cjs"), "rollout", ...args]);
  const planned = jobs.parse(JSON.parse((await rollout("--json")).stdout));
  const { seconds } = await rollout("--up", "--parallel", String(PARALLEL));

  const states = [TRUST, ...stacks].map((stack) => fleet.state(stack));
  const pending: string[] = [];
  for (const stack of stacks) {
    const { stdout } = await fleet.pulumi(stack, ["stack", "output", "--json"]);
    if (outputs.parse(JSON.parse(stdout)).links.some(({ state }) => state === "pending")) pending.push(stack);
  }
  if (pending.length > 0) throw new Error(`links of ${pending.join(", ")} are pending after both rounds`);
  tell({
    kind: "stacks",
    shape: "hub of hubs",
    stacks: count,
    parallel: PARALLEL,
    clusters: names.length,
    links: links.length,
    resources: states.reduce((total, state) => total + resourcesIn(state), 0),
    runs: planned.jobs.length,
    seconds: Math.round(seconds),
    stateKB: Math.round(states.reduce((total, state) => total + state.length, 0) / 1024),
  });
}

async function main(count: number): Promise<void> {
  const fleet = await MemoryFleet.create();
  try {
    await measure(fleet, count);
  } finally {
    fleet.remove();
  }
}

main(process.argv.includes("--write") ? 30 : 6);
