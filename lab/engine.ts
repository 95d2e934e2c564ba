import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Lab, LabError, labEnv, stackName } from "./env";
import { isAlive } from "./processes";
import { seconds } from "./progress";
import { type Ran, run } from "./run";
import type { Toolchain } from "./toolchain";

/** Runs the engine on the lab's stack, as a user of the lab shell does. */
export async function pulumi(
  lab: Lab,
  tools: Toolchain,
  args: readonly string[],
  output?: string,
): Promise<Ran> {
  // The variable unlocks `--event-log`, which tells how an `up` gets on.
  const env = { ...labEnv(lab, tools), PULUMI_DEBUG_COMMANDS: "true" };
  // The kubernetes plugin writes each kubeconfig to a temporary file, and leaves it there.
  const temporary = mkdtempSync(join(lab.temporary, "pulumi-"));
  const options = { cwd: lab.project, env: { ...env, TMPDIR: temporary } };
  try {
    return await run(tools.bin.pulumi, [...args, "--non-interactive", "--color=never"], {
      ...options,
      ...(output === undefined ? {} : { output }),
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Makes the stack if there is none, and frees it from an engine that died. */
export async function ensureStack(lab: Lab, tools: Toolchain): Promise<void> {
  mkdirSync(lab.state, { recursive: true, mode: 0o700 });
  const stacks = join(lab.state, ".pulumi", "stacks");
  if (!existsSync(join(stacks, "linkerd-fleet", `${stackName}.json`)))
    await must(lab, tools, ["stack", "init", stackName]);
  const locks = engineLocks(lab);
  const alive = locks.find(({ pid }) => isAlive(pid));
  if (alive) {
    throw new LabError(
      `pulumi is at work on this stack already (process ${alive.pid}). Wait for it, or end it.`,
    );
  }
  if (locks.length > 0) await must(lab, tools, ["cancel", "--yes", stackName]);
}

/**
 * `pulumi up`, told in a few words. The engine's own output goes to `logs/up.log`.
 * @returns how many resources were created, updated, deleted, …, or were the same
 */
export async function up(
  lab: Lab,
  tools: Toolchain,
  note: (text: string) => void,
): Promise<Readonly<Record<string, number>>> {
  mkdirSync(lab.logs, { recursive: true, mode: 0o700 });
  const events = join(lab.logs, "events.json");
  rmSync(events, { force: true });
  const watch = setInterval(() => note(describe(readEvents(events))), 1000);
  try {
    const args = ["up", "--yes", "--skip-preview", "--continue-on-error", `--event-log=${events}`];
    const log = join(lab.logs, "up.log");
    const { code } = await pulumi(lab, tools, args, log);
    const seen = readEvents(events);
    if (code !== 0) {
      const errors = errorsOf(seen).map((error) => `  ${error.replaceAll("\n", "\n  ")}`);
      throw new LabError(
        `pulumi up did not complete:\n${errors.length > 0 ? errors.join("\n") : readFileSync(log, "utf8").trim()}\n` +
          `What was done stays; mend it and run \`npm run lab\` again. All it said: ${log}`,
      );
    }
    return seen.findLast((event) => event.summaryEvent)?.summaryEvent?.resourceChanges ?? {};
  } finally {
    clearInterval(watch);
    rmSync(events, { force: true });
  }
}

/** The stack's outputs, secrets left out. */
export async function outputs(lab: Lab, tools: Toolchain): Promise<Record<string, unknown>> {
  return JSON.parse(await must(lab, tools, ["stack", "output", "--json"])) as Record<string, unknown>;
}

interface EngineEvent {
  readonly timestamp: number;
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
  readonly diagnosticEvent?: { readonly urn?: string; readonly message: string; readonly severity: string };
  readonly summaryEvent?: { readonly resourceChanges?: Record<string, number> };
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
}

/** The engine's events so far; the last line may still be half written. */
function readEvents(file: string): EngineEvent[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as EngineEvent];
      } catch {
        return [];
      }
    });
}

/** One line: how much is done, and what takes longest right now. */
export function describe(events: readonly EngineEvent[], now = Date.now() / 1000): string {
  const busy = new Map<string, number>();
  let done = 0;
  for (const { timestamp, resourcePreEvent, resOutputsEvent, resOpFailedEvent } of events) {
    const ended = (resOutputsEvent ?? resOpFailedEvent)?.metadata;
    if (ended && busy.delete(ended.urn)) done += 1;
    const begun = resourcePreEvent?.metadata;
    if (begun && begun.op !== "same") busy.set(begun.urn, timestamp);
  }
  const longest = [...busy].filter(([urn]) => !isComponent(urn)).sort(([, a], [, b]) => a - b);
  const waiting = longest.slice(0, 3).map(([urn, since]) => `${resourceName(urn)} (${seconds(now - since)})`);
  return `${done} resources done${waiting.length === 0 ? "" : `; at work on ${waiting.join(", ")}`}`;
}

/** What went wrong, and with which resource. */
export function errorsOf(events: readonly EngineEvent[]): string[] {
  return events.flatMap(({ diagnosticEvent: event }) => {
    if (event?.severity !== "error") return [];
    const message = event.message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
    return [event.urn === undefined ? message : `${resourceName(event.urn)}: ${message}`];
  });
}

function isComponent(urn: string): boolean {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  return type.startsWith("linkerd-fleet:") || type === "pulumi:pulumi:Stack";
}

function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function engineLocks(lab: Lab): { readonly pid: number }[] {
  const folder = join(lab.state, ".pulumi", "locks");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as { pid: number });
}

async function must(lab: Lab, tools: Toolchain, args: string[]): Promise<string> {
  const ran = await pulumi(lab, tools, args);
  if (ran.code !== 0)
    throw new LabError(`pulumi ${args.join(" ")} failed:\n${(ran.stderr || ran.stdout).trim()}`);
  return ran.stdout;
}
