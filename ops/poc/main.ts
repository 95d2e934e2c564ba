/**
 * `npm run poc`: the four gates of a proof of concept, each with evidence and a verdict. Gates 2 and 4 do something to
 * the fleet, so they are tried only where the options say how. Exit code 0 when all passed, 1 when some were not tried,
 * 2 when one failed, 3 when it could not begin.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { FLEET_OPTIONS, type FleetOptions, openFleet } from "../../live/fleet";
import { Unreadable } from "../../live/outputs";
import { allProcesses, endProcess } from "../../live/processes";
import { runProgram } from "../../live/program";
import { judge } from "../verify/judge";
import { readFleet } from "../verify/read";
import {
  failures,
  judgeGrant,
  judgeLinked,
  judgeSurvivor,
  judgeUpgrade,
  releasesOf,
  type Verdict,
} from "./gates";

/** For a cluster that comes back: API servers start within it. */
const BACK_MS = 120_000;
/** From the engine's word of an upgrade until Helm is in the middle of it. */
const HELM_AT_WORK_MS = 700;

async function look(options: FleetOptions) {
  const { plan, outputs, clusters } = await openFleet(options);
  const fleet = await readFleet(plan, outputs, clusters);
  return { fleet, results: judge(fleet) };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...FLEET_OPTIONS,
      /** Shell commands that make a cluster unreachable and bring it back. */
      kill: { type: "string" },
      revive: { type: "string" },
      /** The identity that gate 3 wants refused. */
      refuse: { type: "string" },
      /** Run `pulumi up` of the upgrade that the stack file holds, and kill its engine in the middle. */
      interrupt: { type: "boolean", default: false },
    },
  });
  const { kill, revive, refuse, interrupt, ...options } = values;
  if ((kill === undefined) !== (revive === undefined))
    throw new Unreadable("--kill and --revive go together.");

  const { fleet, results } = await look(options);
  const verdicts = [
    tell(judgeLinked(fleet, ignorePlanned(results, interrupt))),
    tell(
      kill === undefined || revive === undefined
        ? untried(
            "2. a cluster dies",
            "--kill 'COMMAND' --revive 'COMMAND', for example stopping its API server",
          )
        : await survive(options, kill, revive),
    ),
    tell(judgeGrant(fleet, refuse)),
    tell(
      interrupt
        ? await upgrade(options)
        : untried(
            "4. an upgrade",
            "--interrupt, with the first step of docs/runbooks/upgrade.md in the stack file",
          ),
    ),
  ];
  if (verdicts.some(({ passed }) => passed === false)) return 2;
  return verdicts.every(({ passed }) => passed) ? 0 : 1;
}

/** The upgrade that gate 4 is to make is in the stack file already, and not in the clusters. */
function ignorePlanned(results: Awaited<ReturnType<typeof look>>["results"], interrupt: boolean) {
  const awaited = ["the stack file is deployed", "the charts are as planned"];
  return interrupt ? results.filter(({ check }) => !awaited.includes(check)) : results;
}

function untried(gate: string, missing: string): Verdict {
  return { gate, passed: undefined, evidence: [`add ${missing}`] };
}

async function survive(options: FleetOptions, kill: string, revive: string): Promise<Verdict> {
  shell(kill);
  try {
    const { fleet, results } = await look(options);
    return judgeSurvivor(
      fleet,
      results.filter(({ check }) => check === "the cluster answers"),
    );
  } finally {
    shell(revive);
    for (const end = Date.now() + BACK_MS; Date.now() < end; await sleep(1000)) {
      const { results } = await look(options);
      if (failures(results.filter(({ check }) => check === "the cluster answers")).length === 0) break;
    }
  }
}

const UP = ["up", "--yes", "--skip-preview", "--continue-on-error", "--non-interactive", "--color=never"];

async function upgrade(options: FleetOptions): Promise<Verdict> {
  const before = releasesOf((await look(options)).fleet);
  const stack = options.stack === undefined ? [] : ["--stack", options.stack];
  const killed = await killedInTheMiddle([...UP, ...stack]);
  const recovered = killed ? recover(stack) : "";
  execFileSync("pulumi", [...UP, ...stack], { stdio: "ignore" });
  const { fleet, results } = await look(options);
  return judgeUpgrade(before, fleet, results, recovered);
}

/** What `npm run recover` said, which is shown as well. */
function recover(stack: readonly string[]): string {
  const said = execFileSync("npm", ["run", "--silent", "recover", "--", "--yes", ...stack], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.stdout.write(said);
  return said;
}

/** Runs the engine until it upgrades a Helm release, then kills it and all it started, as a lost machine would. */
async function killedInTheMiddle(args: readonly string[]): Promise<boolean> {
  const child = spawn("pulumi", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let killed = false;
  const kill = (pid: number) => {
    killed = child.exitCode === null;
    if (killed) void killTree(pid);
  };
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (child.pid === undefined || !/helm\.sh\/v3:Release \S+ updating/.test(text)) return;
    timer ??= setTimeout(kill, HELM_AT_WORK_MS, child.pid);
  });
  await ended;
  clearTimeout(timer);
  return killed;
}

async function killTree(root: number): Promise<void> {
  const processes = await allProcesses();
  const below = (above: number): number[] =>
    processes.flatMap(({ pid, parent }) => (parent === above ? [pid, ...below(pid)] : []));
  for (const pid of [root, ...below(root)]) endProcess(pid);
}

function shell(command: string): void {
  execFileSync("bash", ["-euo", "pipefail", "-c", command], { stdio: ["ignore", "ignore", "inherit"] });
}

function tell(verdict: Verdict): Verdict {
  const { gate, passed, evidence, elsewhere } = verdict;
  console.log(`${passed === undefined ? "NOT TRIED" : passed ? "PASSED" : "FAILED"}  ${gate}`);
  for (const line of evidence) console.log(`  ${line}`);
  if (elsewhere) console.log(`  Only running proxies show the rest; on real clusters: ${elsewhere}`);
  return verdict;
}

runProgram(main);
