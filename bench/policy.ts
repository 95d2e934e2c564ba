import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { analyze, type Judged } from "../policy/analyze";
import { profile } from "../policy/profile";
import { judgedPlan } from "../test/policy/judged";
import { meshPlan } from "../testing/fleets";
import { peakMemory, print } from "./figure";

async function main(file: string | undefined): Promise<void> {
  // 1,056 links, and 100 services of three clusters each.
  const names = Array.from({ length: 33 }, (_, at) => `c${String(at + 1).padStart(3, "0")}`);
  const services = Array.from({ length: 100 }, (_, at) => ({
    name: `service-${at}`,
    namespace: "shop",
    mode: "federated",
    in: [at, at + 1, at + 2].map((one) => names[one % names.length]),
    ports: ["http"],
    allow: [{ serviceAccount: "web", namespace: "shop" }],
  }));
  const plan = meshPlan(names.length, { services });
  if (file !== undefined) return writeFileSync(file, JSON.stringify(await judgedPlan(plan)));
  const resources = rendered();
  const start = performance.now();
  const verdicts = await analyze(resources, profile.parse({}));
  print("policy over a mesh of 33 clusters", (performance.now() - start) / 1000, "s", 10);
  print("  links", plan.links.length, "links");
  print("  exported services", plan.exports.length, "services");
  print("  resources", resources.length, "resources");
  print("  memory of the whole process", peakMemory(), "MB", 1024);
  const refused = verdicts.filter(({ level }) => level === "mandatory");
  if (refused.length > 0) throw new Error(`${refused.length} rules fired on a fleet that keeps them`);
}

/** By a process of its own: a pack does not pay for the program's memory. */
function rendered(): Judged[] {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-bench-"));
  try {
    const file = join(folder, "resources.json");
    const { status } = spawnSync(process.execPath, ["--import", "tsx", __filename, file], {
      stdio: "inherit",
    });
    if (status !== 0) throw new Error("the fleet could not be rendered");
    return JSON.parse(readFileSync(file, "utf8")) as Judged[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main(process.argv[2]);
