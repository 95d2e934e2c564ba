import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { outputsSchema } from "../fleet/outputs/schema";
import { repository } from "../lab/env";
import { cluster } from "../testing/fleets";
import { toHundredths } from "./figure";
import { MemoryFleet, resourcesIn } from "./memory/fleet";
import { tell } from "./result";

const CLUSTERS = 10;
const PARALLEL = 2;
/** Makes the trust anchor and has no cluster. */
const TRUST = "trust";

const outputs = outputsSchema.pick({ links: true });
const jobs = z.object({ jobs: z.array(z.unknown()) });

type Shape = "hub of hubs" | "islands";

/** A stack and the clusters in it, the hub of each first. */
type Stacks = ReadonlyMap<string, readonly string[]>;

/** Each stack is a hub with its spokes. In a hub of hubs, the other hubs are linked to the first. */
function fleetFile(stacks: Stacks, shape: Shape) {
  const [first = "", ...others] = [...stacks.values()].map(([hub = ""]) => hub);
  const pairs = [
    ...[...stacks.values()].flatMap(([hub = "", ...spokes]) => spokes.map((spoke) => [hub, spoke] as const)),
    ...(shape === "islands" ? [] : others.map((hub) => [first, hub] as const)),
  ];
  const links = pairs.flatMap(([a, b]) => [
    { source: a, target: b },
    { source: b, target: a },
  ]);
  // What the others link to goes first, so that they need one round.
  const wave = (hub: string | undefined) => (shape === "islands" || hub === first ? 0 : 1);
  const clusters = [...stacks].flatMap(([stack, names]) =>
    names.map((name) => [name, cluster(name, { stack, wave: wave(names[0]) })] as const),
  );
  return {
    linkerd: { version: "2026.8.3" },
    trust: { stack: TRUST, anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(clusters),
    topology: { kind: "links", links },
  };
}

/** A fleet from nothing until no link is pending; then one more cluster in the last of its stacks. */
async function measure(fleet: MemoryFleet, count: number, shape: Shape): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `s${String(at + 1).padStart(3, "0")}`);
  const stacks: Stacks = new Map(
    names.map((stack) => [stack, Array.from({ length: CLUSTERS }, (_, at) => `${stack}-${at}`)]),
  );
  const all = [TRUST, ...names];
  const file = join(fleet.folder, "fleet.yaml");
  const write = (wanted: Stacks) => {
    const sections = fleetFile(wanted, shape);
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
/** The last has a thousand clusters. */
const LARGE = [
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

main(process.argv.includes("--write") ? LARGE : SMALL);
