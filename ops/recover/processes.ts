import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Unreadable } from "../../live/outputs";
import { allProcesses, endProcess, type Process } from "../../live/processes";

/** What an engine that was killed leaves running on this machine. */

export function isAlive(pid: number): boolean {
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
  const plugins = () => withoutEngine(/(^|\/)pulumi-resource-kubernetes(\s|$)/);
  let left = await plugins();
  for (let tries = 0; left.length > 0 && tries < 10; tries++) {
    await sleep(1000);
    left = await plugins();
  }
  if (left.length === 0) return;
  throw new Unreadable(
    `The plugin of an engine that was killed is still at work (process ${left.map(({ pid }) => pid).join(", ")}). Wait for ` +
      "it (ten minutes at most), or end it, then run this again; nothing was changed.",
  );
}

/** The folder of the program, in which the engine runs it. */
const PROGRAM = resolve(__dirname, "../..");

/**
 * This folder's program, run for an engine that was killed, and the host that runs it. The host looks for its engine
 * every five minutes, the program never: it goes on for nothing, at times with a whole processor. Neither changes
 * anything by itself.
 */
export async function leftPrograms(): Promise<number[]> {
  const hosts = await withoutEngine(/(^|\/)pulumi-language-nodejs(\s|$)/);
  return hosts.flatMap(({ pid, children }) =>
    children.some(({ args }) => args.includes(` --pwd ${PROGRAM} `))
      ? [pid, ...children.map((child) => child.pid)]
      : [],
  );
}

/** Ends what still is such a program. */
export async function endPrograms(): Promise<void> {
  for (const pid of await leftPrograms()) endProcess(pid);
}

/** Processes of the machine that run a part of the engine, and whose parent is no engine any more. */
async function withoutEngine(part: RegExp): Promise<(Process & { readonly children: Process[] })[]> {
  const all = await allProcesses();
  const engines = new Set(all.filter(({ args }) => /(^|\/)pulumi(\s|$)/.test(args)).map(({ pid }) => pid));
  return all
    .filter(({ args, parent }) => part.test(args) && !engines.has(parent))
    .map((process) => ({ ...process, children: all.filter(({ parent }) => parent === process.pid) }));
}
