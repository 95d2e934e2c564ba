/**
 * `npm run bench`: what planning, the program and the engine cost, measured on this machine. Each figure is taken
 * in a process of its own, so that none pays for the memory of another. `npm run bench -- plan mocks` runs some.
 */
import { spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import type { Figure } from "./figure";

const BENCHES = ["plan", "mocks", "verify", "policy", "lab"] as const;

const wanted = process.argv.slice(2);
const table = new Table({
  head: ["what", "figure", "target", ""],
  style: { head: [], border: [], compact: true },
});
let missed = 0;
for (const name of BENCHES.filter((bench) => wanted.length === 0 || wanted.includes(bench))) {
  const ran = spawnSync(process.execPath, ["--import", "tsx", join(__dirname, `${name}.ts`)], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "--max-old-space-size=8192" },
  });
  if (ran.status !== 0) throw new Error(`the ${name} bench failed:\n${ran.stdout}`);
  for (const line of ran.stdout.trim().split("\n")) {
    const { what, value, unit, target } = JSON.parse(line) as Figure;
    const ok = target === undefined || value <= target;
    if (!ok) missed += 1;
    table.push([
      what,
      `${value} ${unit}`,
      target === undefined ? "" : `≤ ${target} ${unit}`,
      ok ? "" : "missed",
    ]);
  }
}
const [cpu] = cpus();
console.log(
  `${cpus().length} × ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
console.log(table.toString());
if (missed > 0) console.log(`${missed} of the targets were missed in this run.`);
