import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fleetConfig } from "../fleet/config/fleetConfig";
import type { Plan } from "../fleet/plan";
import type { CrossStackOutputs } from "../fleet/stacks/crossStack";
import { analyze, type Judged } from "../policy/analyze";
import { profile } from "../policy/profile";
import { judgedPlan } from "../test/policy/judged";
import { meshPlan } from "../testing/fleets";
import { deploy } from "../testing/stacks";
import { peakMemory, print } from "./figure";
import { CLUSTERS, hubsFile, stacksOf, TRUST } from "./stacksFile";

const STACKS = 100;

/** 1,056 links, and 100 services of three clusters each. */
function mesh(): Plan {
  const names = Array.from({ length: 33 }, (_, at) => `c${String(at + 1).padStart(3, "0")}`);
  const services = Array.from({ length: 100 }, (_, at) => ({
    name: `service-${at}`,
    namespace: "shop",
    mode: "federated",
    in: [at, at + 1, at + 2].map((one) => names[one % names.length]),
    ports: ["http"],
    allow: [{ serviceAccount: "web", namespace: "shop" }],
  }));
  return meshPlan(names.length, { services });
}

interface Stacks {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly crossStack: ReadonlyMap<string, CrossStackOutputs>;
}

const FLEETS = {
  mesh: (): Stacks => ({ plans: new Map([["fleet", mesh()]]), crossStack: new Map() }),
  stacks(): Stacks {
    const stacks = stacksOf(STACKS);
    const order = [TRUST, ...stacks.keys()];
    const config = fleetConfig.parse(hubsFile(stacks, "hub of hubs"));
    const crossStack = new Map<string, CrossStackOutputs>();
    // After the first round, the links into later stacks are pending.
    deploy(config, order, crossStack);
    return { plans: deploy(config, order, crossStack), crossStack };
  },
} as const;

type FleetName = keyof typeof FLEETS;

/** Judges each stack of a fleet by itself, as `pulumi preview` of that stack does. */
async function judge(fleet: FleetName, what: string, targetSeconds: number, targetMB: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-bench-"));
  let [milliseconds, resources] = [0, 0];
  try {
    rendered(fleet, folder);
    for (const file of readdirSync(folder)) {
      const stack = JSON.parse(readFileSync(join(folder, file), "utf8")) as Judged[];
      const start = performance.now();
      const verdicts = await analyze(stack, profile.parse({}));
      milliseconds += performance.now() - start;
      resources += stack.length;
      const refused = verdicts.filter(({ level }) => level === "mandatory");
      if (refused.length > 0)
        throw new Error(`a fleet that keeps the rules is refused: ${refused[0]?.message}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  print(`policy over ${what}`, milliseconds / 1000, "s", targetSeconds);
  print("  resources", resources, "resources");
  print("  memory of the whole process", peakMemory(), "MB", targetMB);
}

/** By a process of its own: a pack does not pay for the program's memory. */
function rendered(fleet: FleetName, folder: string): void {
  const { status } = spawnSync(process.execPath, ["--import", "tsx", __filename, folder, fleet], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the fleet could not be rendered");
}

/** Writes the resources of each stack of a fleet, as the engine would hand them over. */
async function render({ plans, crossStack }: Stacks, folder: string): Promise<void> {
  for (const [stack, plan] of plans) {
    const resources = await judgedPlan(plan, { crossStack });
    writeFileSync(join(folder, `${stack}.json`), JSON.stringify(resources));
  }
}

async function main([folder, fleet]: readonly string[]): Promise<void> {
  if (folder !== undefined) return render(fleet === "stacks" ? FLEETS.stacks() : FLEETS.mesh(), folder);
  // The small one first: the most memory that a process ever held only grows.
  await judge("stacks", `${STACKS * CLUSTERS} clusters in ${STACKS} stacks`, 60, 4096);
  await judge("mesh", "a mesh of 33 clusters, 1056 links, 300 exported services", 10, 1024);
}

main(process.argv.slice(2));
