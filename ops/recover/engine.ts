import { hostname } from "node:os";
import { createInterface } from "node:readline/promises";
import { pulumi, Unreadable } from "../../live/outputs";
import { isAlive } from "./processes";
import { exported, type State } from "./state";

/** The stack's state; `showSecrets` decrypts it. */
export async function exportState(stack: string | undefined, showSecrets = false): Promise<State> {
  const args = ["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])];
  return exported.parse(JSON.parse(await pulumi(args, stack)));
}

/** Lets the engine delete protected resources. */
export async function unprotect(stack: string | undefined, urns: readonly string[]): Promise<void> {
  for (const urn of urns) await pulumi(["state", "unprotect", urn, "--yes"], stack);
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
        "A lock of the stack is cut short, as a full disk leaves it. Make room. If no pulumi is at work on this stack, run " +
          "`pulumi cancel`, then run this again. Nothing was changed.",
      );
    }
    if (locks.length === 0) throw error;
    const held = locks.find((lock) => lock.host !== hostname() || isAlive(lock.pid));
    if (held) {
      throw new Unreadable(
        held.host === hostname()
          ? `pulumi is at work on this stack (process ${held.pid}). Wait for it, or end it. Nothing was changed.`
          : `The stack is locked by process ${held.pid} of ${held.host}, since ${held.since}. If that process is gone ` +
              "for certain, run `pulumi cancel`, then run this again. Nothing was changed.",
      );
    }
    console.log(`The lock of process ${locks.map(({ pid }) => pid).join(", ")}, which is dead, was removed.`);
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
