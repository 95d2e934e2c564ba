import { execFile } from "node:child_process";
import { hostname } from "node:os";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { pulumi, Unreadable } from "../live/outputs";
import { exported, type State } from "./state";

/** The stack's state; `showSecrets` decrypts it. */
export async function exportState(stack: string | undefined, showSecrets = false): Promise<State> {
  const args = ["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])];
  return exported.parse(JSON.parse(await pulumi(args, stack)));
}

/** Replaces the stack's state. The lock of an engine that died on this machine is taken away. */
export async function importState(stack: string | undefined, state: State): Promise<void> {
  const args = ["stack", "import"];
  const content = JSON.stringify(state);
  try {
    await pulumi(args, stack, content);
  } catch (error) {
    const locks = error instanceof Unreadable ? locksIn(error.message) : [];
    if (error instanceof Unreadable && error.message.includes("unexpected end of JSON input")) {
      throw new Unreadable(
        "A lock of the stack is cut short, as a full disk leaves it. Make room; if no pulumi is at work on this stack, run " +
          "`pulumi cancel`, then this again; nothing was changed.",
      );
    }
    if (locks.length === 0) throw error;
    const held = locks.find((lock) => lock.host !== hostname() || isAlive(lock.pid));
    if (held) {
      throw new Unreadable(
        held.host === hostname()
          ? `pulumi is at work on this stack (process ${held.pid}). Wait for it, or end it; nothing was changed.`
          : `The stack is locked by process ${held.pid} of ${held.host}, since ${held.since}. If that process is gone ` +
              "for certain, run `pulumi cancel`, then this again; nothing was changed.",
      );
    }
    console.log(
      `The lock of process ${locks.map(({ pid }) => pid).join(", ")}, which is dead, is taken away.`,
    );
    await pulumi(["cancel", "--yes"], stack);
    await pulumi(args, stack, content);
  }
}

/** The lines of the file and object-storage backends (pulumi `pkg/backend/diy/lock.go`). */
function locksIn(message: string): { host: string; pid: number; since: string }[] {
  return [...message.matchAll(/created by \S+?@(\S+) \(pid (\d+)\) at (\S+)/g)].map(
    ([, host = "", pid, since = ""]) => ({ host, pid: Number(pid), since }),
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A plugin outlives an engine that was killed, by up to ten minutes (it looks for the engine every five), and goes on
 * with what it is doing: nothing may be judged before it is gone. Waits a moment, then refuses.
 */
export async function awaitPlugins(): Promise<void> {
  let left = await orphans();
  for (let tries = 0; left.length > 0 && tries < 10; tries++) {
    await sleep(1000);
    left = await orphans();
  }
  if (left.length === 0) return;
  throw new Unreadable(
    `The plugin of an engine that was killed is still at work (process ${left.join(", ")}). Wait for it (ten minutes at ` +
      "most), or end it, then run this again; nothing was changed.",
  );
}

/** Kubernetes plugins on this machine whose parent is no engine any more. */
async function orphans(): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  const processes = new Map(
    [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, args = ""]) => [
      Number(pid),
      { parent: Number(parent), args },
    ]),
  );
  const isEngine = (pid: number) => /(^|\/)pulumi(\s|$)/.test(processes.get(pid)?.args ?? "");
  return [...processes]
    .filter(
      ([, { parent, args }]) => /(^|\/)pulumi-resource-kubernetes(\s|$)/.test(args) && !isEngine(parent),
    )
    .map(([pid]) => pid);
}

/** Asks a person, unless `yes` was given. */
export async function confirmed(yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new Unreadable("Add --yes to go on without being asked. Nothing was changed.");
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question("Go on? [y/N] ");
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** What was shown and agreed to must still hold. */
export async function requireSame(stack: string | undefined, before: State): Promise<void> {
  if (JSON.stringify(await exportState(stack)) === JSON.stringify(before)) return;
  throw new Unreadable("The state has changed meanwhile: run this again. Nothing was changed.");
}
