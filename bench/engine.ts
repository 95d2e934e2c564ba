import { toHundredths } from "./figure";
import { planOf, type Shape, sectionsOf } from "./fleets";
import { MemoryFleet, type Ran, resourcesIn } from "./memory/fleet";
import { tell } from "./result";

const SIZES = [
  ["hub", 3],
  ["mesh", 3],
  ["hub", 10],
  ["mesh", 10],
  ["hub", 30],
] as const;

/** A first `up` and previews with nothing to change, of one stack whose clusters are in memory. */
async function measure(fleet: MemoryFleet, shape: Shape, clusters: number): Promise<void> {
  const stack = `${shape}-${clusters}`;
  const sections = sectionsOf(shape, clusters);
  const saved = await fleet.firstUp(`${stack}-saved`, sections);
  const unsaved = await fleet.firstUp(stack, sections, { PULUMI_SKIP_CHECKPOINTS: "true" });
  const previews: Ran[] = [];
  for (let run = 0; run < 3; run += 1)
    previews.push(await fleet.pulumi(stack, ["preview", "--expect-no-changes"]));
  const [, preview] = previews.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const runs = [saved, unsaved, ...previews];
  const peak = (counts: (command: string) => boolean) => Math.max(...runs.map((run) => sum(run, counts)));
  const state = fleet.state(stack);
  tell({
    kind: "engine",
    shape,
    clusters,
    links: planOf(shape, clusters).links.length,
    resources: resourcesIn(state),
    upSeconds: toHundredths(saved.seconds),
    unsavedUpSeconds: toHundredths(unsaved.seconds),
    previewSeconds: toHundredths(preview ?? 0),
    engineMB: peak(isEngine),
    programMB: peak(isProgram),
    pluginsMB: peak(isPlugin),
    plugins: unsaved.memory.filter(({ command }) => isPlugin(command)).length,
    stateKB: Math.round(state.length / 1024),
  });
}

const isPlugin = (command: string) => command.includes("/resource-");
const isEngine = (command: string) => /^pulumi /.test(command);
const isProgram = (command: string) => command.includes("/cmd/run");

function sum({ memory }: Ran, counts: (command: string) => boolean): number {
  const found = memory.filter(({ command }) => counts(command));
  return Math.round(found.reduce((total, { megabytes }) => total + megabytes, 0));
}

async function main(sizes: readonly (readonly [Shape, number])[]): Promise<void> {
  const fleet = await MemoryFleet.create();
  try {
    await fleet.warmUp(sectionsOf("hub", 2));
    for (const [shape, clusters] of sizes) await measure(fleet, shape, clusters);
  } finally {
    fleet.remove();
  }
}

const [shape, clusters] = process.argv.slice(2);
main(shape === "hub" || shape === "mesh" ? [[shape, Number(clusters)]] : SIZES);
