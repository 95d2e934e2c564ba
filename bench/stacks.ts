import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { outputsSchema } from "../fleet/outputs/schema";
import { repository } from "../lab/env";
import { toHundredths } from "./figure";
import { MemoryFleet, resourcesIn } from "./memory/fleet";
import { tell } from "./result";
import { CLUSTERS, hubsFile, type Shape, type Stacks, stacksOf, TRUST } from "./stacksFile";

const PARALLEL = 2;

const outputs = outputsSchema.pick({ links: true });
const jobs = z.object({ jobs: z.array(z.unknown()) });

/** A fleet from nothing until no link is pending; then one more cluster in the last of its stacks. */
async function measure(fleet: MemoryFleet, count: number, shape: Shape): Promise<void> {
  const stacks = stacksOf(count);
  const names = [...stacks.keys()];
  const all = [TRUST, ...names];
  const file = join(fleet.folder, "fleet.yaml");
  const write = (wanted: Stacks) => {
    const sections = hubsFile(wanted, shape);
    writeFileSync(file, stringify(sections));
    fleet.haveContexts(Object.keys(sections.clusters));
    return sections;
  };
  const { topology } = write(stacks);
  for (const stack of all) fleet.write(stack, { fleet: file });

  const rollout = (...args: string[]) =>
    fleet.run(process.execPath, [join(repository, "ops/fleet.cjs"), "rollout", ...args]);
  const planned = jobs.parse(JSON.parse((await rollout("--json")).stdout));
  const { seconds, memory } = await rollout("--up", "--parallel", String(PARALLEL));

  const pending: string[] = [];
  for (const stack of names) {
    const { stdout } = await fleet.pulumi(stack, ["stack", "output", "--json"]);
    if (outputs.parse(JSON.parse(stdout)).links.some(({ state }) => state === "pending")) pending.push(stack);
  }
  if (pending.length > 0) throw new Error(`links of ${pending.join(", ")} are pending after both rounds`);

  const sizes = () => {
    const states = all.map((stack) => fleet.state(stack));
    return {
      resources: states.reduce((total, state) => total + resourcesIn(state), 0),
      stateKB: Math.round(states.reduce((total, state) => total + state.length, 0) / 1024),
    };
  };
  const made = sizes();
  const grown = names.at(-1) ?? "";
  write(new Map([...stacks, [grown, [...(stacks.get(grown) ?? []), `${grown}-new`]]]));
  let moreSeconds = 0;
  // The stack of the anchors signs the issuer of the new cluster.
  for (const stack of [TRUST, grown]) {
    const ran = await fleet.pulumi(stack, ["up", "--yes", "--skip-preview", "--continue-on-error"]);
    moreSeconds += ran.seconds;
  }
  const after = sizes();
  tell({
    ...{ kind: "stacks", shape, stacks: count, parallel: PARALLEL, clusters: count * CLUSTERS, ...made },
    links: topology.links.length,
    runs: planned.jobs.length,
    seconds: Math.round(seconds),
    largestMB: Math.round(Math.max(...memory.map(({ megabytes }) => megabytes))),
    oneMore: {
      seconds: toHundredths(moreSeconds),
      resources: after.resources - made.resources,
      stateKB: after.stateKB - made.stateKB,
    },
  });
}

const SMALL = [[6, "hub of hubs"]] as const;
/** The first is as large as the largest stack of the `engine` bench, the last has a thousand clusters. */
const LARGE = [
  [3, "hub of hubs"],
  [10, "islands"],
  [10, "hub of hubs"],
  [100, "hub of hubs"],
] as const;

async function main(fleets: readonly (readonly [number, Shape])[]): Promise<void> {
  for (const [count, shape] of fleets) {
    const fleet = await MemoryFleet.create();
    try {
      await measure(fleet, count, shape);
    } finally {
      fleet.remove();
    }
  }
}

const [given] = process.argv.slice(2);
main(given === "--write" ? LARGE : given ? [[Number(given), "hub of hubs"]] : SMALL);
