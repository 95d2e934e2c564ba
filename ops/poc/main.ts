import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { Unreadable } from "../../live/outputs";
import { allProcesses, endProcess } from "../../live/processes";
import { wordsOf } from "../../live/program";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { judge } from "../verify/judge";
import { readFleet } from "../verify/read";
import {
  failures,
  type GateResult,
  judgeGrant,
  judgeLinked,
  judgeSurvivor,
  judgeUpgrade,
  releasesOf,
  UPGRADE_GATE,
} from "./gates";

/** For a cluster that comes back: API servers start within it. */
const BACK_MS = 120_000;
/** From the engine's word of an upgrade until Helm is in the middle of it. */
const HELM_AT_WORK_MS = 700;

type LookOptions = FleetOptions & Pick<PocOptions, "as-injected">;

async function look(options: LookOptions) {
  const { plan, outputs, clusters } = await openFleet(options);
  const fleet = await readFleet(plan, outputs, clusters, {
    done: countProgress(clusters.keys()),
    asInjected: options["as-injected"],
  });
  return { fleet, results: judge(fleet) };
}

export interface PocOptions extends FleetOptions {
  readonly "as-injected": boolean;
  /** Shell commands that make a cluster unreachable and bring it back. */
  readonly kill?: string | undefined;
  readonly revive?: string | undefined;
  /** The identity that gate 3 wants refused. */
  readonly refuse?: string | undefined;
  /** Run `pulumi up` of the upgrade that the stack file holds, and kill its engine in the middle. */
  readonly interrupt: boolean;
  readonly json: boolean;
}

export async function run({
  kill,
  revive,
  refuse,
  interrupt,
  json,
  ...options
}: PocOptions): Promise<Ending> {
  if ((kill === undefined) !== (revive === undefined))
    throw new Unreadable("--kill and --revive go together.");

  const tell = (verdict: GateResult) => {
    if (!json) show(verdict);
    return verdict;
  };
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
  if (json) console.log(JSON.stringify(verdicts));
  if (verdicts.some(({ passed }) => passed === false)) return "broken";
  return verdicts.every(({ passed }) => passed) ? "well" : "attention";
}

/** The upgrade that gate 4 is to make is in the stack file already, and not in the clusters. */
function ignorePlanned(results: Awaited<ReturnType<typeof look>>["results"], interrupt: boolean) {
  const awaited = ["the stack file is deployed", "the charts are as planned"];
  return interrupt ? results.filter(({ check }) => !awaited.includes(check)) : results;
}

function untried(gate: string, missing: string): GateResult {
  return { gate, passed: undefined, evidence: [`add ${missing}`] };
}

async function survive(options: LookOptions, kill: string, revive: string): Promise<GateResult> {
  try {
    shell(kill);
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

async function upgrade(options: LookOptions): Promise<GateResult> {
  const before = releasesOf((await look(options)).fleet);
  const stack = options.stack === undefined ? [] : ["--stack", options.stack];
  const killed = await killedInTheMiddle([...UP, ...stack]);
  let recovered = "";
  try {
    if (killed) recovered = recover(stack);
    execFileSync("pulumi", [...UP, ...stack], { stdio: "ignore" });
  } catch (error) {
    // The gates before have their verdicts, and the fleet is changed: this is no verb that could not begin.
    return { gate: UPGRADE_GATE, passed: false, evidence: [`it was not resumed: ${wordsOf(error)}`] };
  }
  const { fleet, results } = await look(options);
  return judgeUpgrade(before, fleet, results, recovered);
}

/** What `fleet recover` said, which is shown as well. */
function recover(stack: readonly string[]): string {
  const fleet = join(__dirname, "..", "fleet.cjs");
  const said = execFileSync(process.execPath, [fleet, "recover", "--yes", ...stack], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.stderr.write(said);
  return said;
}

/** Runs the engine until it upgrades a Helm release, then kills it and all it started, as a lost machine would. */
async function killedInTheMiddle(args: readonly string[]): Promise<boolean> {
  const child = spawn("pulumi", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let killed = false;
  const kill = (pid: number) => {
    killed = child.exitCode === null;
    // Without `ps` the update goes on to its end.
    if (killed)
      killTree(pid).catch(() => {
        killed = false;
      });
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

function show({ gate, passed, evidence, elsewhere }: GateResult): void {
  console.log(`${passed === undefined ? "NOT TRIED" : passed ? "PASSED" : "FAILED"}  ${gate}`);
  for (const line of evidence) console.log(`  ${line}`);
  if (elsewhere) console.log(`  Only running proxies show the rest; on real clusters: ${elsewhere}`);
}
