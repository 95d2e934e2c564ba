import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { map } from "../../fleet/config/json";
import { readYaml } from "../../fleet/config/readYaml";
import { readText, Unreadable } from "../../live/outputs";
import { allProcesses, endProcess, folderOf, type Process } from "../../live/processes";

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
 * Plugins of this project that outlive an engine that was killed, by up to ten minutes (they look for the engine every
 * five): they go on with what they are doing, and nothing may be judged before they are gone. They get `patience`
 * seconds to end by themselves.
 */
export async function outlivingPlugins(patience = 10): Promise<number[]> {
  const program = programFolder(process.cwd());
  for (let waited = 0; ; waited++) {
    const plugins = await withoutEngine(/(^|\/)pulumi-resource-kubernetes(\s|$)/);
    const folders = await Promise.all(plugins.map(({ pid }) => folderOf(pid)));
    const left = plugins.filter((_, at) => program !== undefined && folders[at] === program);
    if (left.length === 0 || waited >= patience) return left.map(({ pid }) => pid);
    await sleep(1000);
  }
}

/** Ends these processes, and waits until they are gone. Throws `Unreadable` if one is there after ten seconds. */
export async function endAndAwait(pids: readonly number[]): Promise<void> {
  for (const pid of pids) endProcess(pid);
  for (let waited = 0; ; waited++) {
    const running = new Set((await allProcesses()).map(({ pid }) => pid));
    const left = pids.filter((pid) => running.has(pid));
    if (left.length === 0) return;
    if (waited >= 100)
      throw new Unreadable(`Process ${left.join(", ")} does not end. End it, and run this again.`);
    await sleep(100);
  }
}

/**
 * The folder in which the engine runs the program of the project around a folder, and starts its plugins (pulumi
 * `pkg/engine/project.go`, `getPwdMain`). A plugin whose folder cannot be read is another person's.
 */
function programFolder(around: string): string | undefined {
  const file = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]
    .map((name) => join(around, name))
    .find((path) => existsSync(path));
  if (file === undefined) return dirname(around) === around ? undefined : programFolder(dirname(around));
  const { main } = map(readYaml(readText(file)).content);
  const program = resolve(around, typeof main === "string" ? main : ".");
  return realpathSync(statSync(program).isDirectory() ? program : dirname(program));
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
