/**
 * `npm run bench`: what planning, the program and the engine cost, measured on this machine. `npm run bench -- plan
 * evaluation` runs some; `--write` keeps the results and makes the tables and plots of docs/performance.md of them,
 * and takes fleets of up to 100 stacks instead of six.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { documents } from "../docs/documents";
import { goals } from "./goals";
import { BENCHES, parseLine, parseResults, RESULTS, type Results } from "./result";

const repository = join(__dirname, "..");
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;

function run(name: string, args: readonly string[]): Results["benches"][string] {
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const before = processorTicks();
  const ran = spawnSync(process.execPath, ["--import", "tsx", join(__dirname, `${name}.ts`), ...args], {
    cwd: repository,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "--max-old-space-size=8192" },
  });
  if (ran.status !== 0) throw new Error(`the ${name} bench failed:\n${ran.stdout}`);
  // Between the results a lab says what it is doing.
  const lines = ran.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map(parseLine);
  const after = processorTicks();
  const stolen = Math.round((100 * (after.stolen - before.stolen)) / (after.all - before.all));
  return { machine, load, stolen, date: new Date().toISOString().slice(0, 10), lines };
}

/** Of all processors since the start of the machine; `stolen` went to other machines of the same host (proc_stat(5)). */
function processorTicks(): { readonly all: number; readonly stolen: number } {
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal; those of guests are in user and nice already.
  const ticks = first.split(/ +/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks[7] ?? 0 };
}

/** What one run found replaces what was kept of the same bench. */
function keep(ran: Results): void {
  const file = join(repository, RESULTS);
  const kept = existsSync(file) ? parseResults(readFileSync(file, "utf8")).benches : {};
  const known = BENCHES.flatMap((name) => {
    const one = ran.benches[name] ?? kept[name];
    return one ? [[name, one]] : [];
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ benches: Object.fromEntries(known) }, null, 2)}\n`);
  for (const [path, text] of Object.entries(documents())) writeFileSync(join(repository, path), text);
}

const { values: options, positionals: wanted } = parseArgs({
  options: { write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench === name));
if (unknown.length > 0)
  throw new Error(`there is no bench ${unknown.join(", ")}, only ${BENCHES.join(", ")}`);
const table = new Table({
  head: ["what", "figure", "target", ""],
  style: { head: [], border: [], compact: true },
});
console.log(machine);
for (const name of BENCHES.filter((bench) => wanted.length === 0 || wanted.includes(bench))) {
  const benches = { [name]: run(name, options.write && name === "stacks" ? ["--write"] : []) };
  // At once: a later bench that fails must not take it away.
  if (options.write) keep({ benches });
  for (const line of benches[name]?.lines ?? [])
    if (line.kind !== "figure") console.log(JSON.stringify(line));
  for (const { what, figure, unit, target } of goals({ benches })) {
    const missed = target !== undefined && figure > target;
    table.push([
      what,
      `${figure} ${unit}`,
      target === undefined ? "" : `≤ ${target} ${unit}`,
      missed ? "missed" : "",
    ]);
  }
}
console.log(table.toString());
