import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A running process of this machine. */
export interface Process {
  readonly pid: number;
  readonly args: readonly string[];
}

/** Programs the lab starts in the background; only these are ever looked for, and ended. */
const ours = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok-controller",
  "kwokctl",
  "pulumi",
  "service-mirror",
];

/**
 * The lab's processes that work on a path below `folder`. Their command lines tell, so they are found after a crash
 * too, and a process that was given the number of a dead one is never mistaken for it.
 */
export function processesOf(folder: string, programs: readonly string[] = ours): Process[] {
  return processes().filter(
    ({ args }) =>
      programs.includes(basename(args[0] ?? "")) && args.some((arg) => arg.includes(`${folder}/`)),
  );
}

/**
 * Ends the lab's processes that work below `folder`, at once: an API server that is asked politely waits a minute for
 * an etcd that is gone already, and etcd's write-ahead log is made for this.
 */
export async function endProcesses(folder: string, programs = ours): Promise<void> {
  for (let left = processesOf(folder, programs); left.length > 0; left = processesOf(folder, programs)) {
    for (const pid of withDescendants(left.map(({ pid }) => pid))) end(pid);
    // A dying process has no command line any more, but it may still hold its ports.
    while (left.some(({ pid }) => isAlive(pid))) await sleep(20);
  }
}

/** The engine's language host and plugins lead groups of their own, and outlive it if it dies at once. */
function withDescendants(pids: readonly number[]): number[] {
  const children = processes()
    .map(({ pid }) => pid)
    .filter((pid) => !pids.includes(pid) && pids.includes(Number(statOf(pid)?.[1])));
  return children.length === 0 ? [...pids] : withDescendants([...pids, ...children]);
}

/**
 * Whether a process exists and is no zombie, which only waits for its parent. While other threads of a killed process
 * still end it looks like a zombie already, but its ports still take connections.
 */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && (stat[0] !== "Z" || Number(stat[THREADS]) > 1);
}

/** num_threads in proc_pid_stat(5), counted from the state. */
const THREADS = 17;

/** State, parent, … of a process: what follows its name, which stands in parentheses and may hold blanks. */
function statOf(pid: number): string[] | undefined {
  const stat = readProc(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Who listens on a TCP port of this machine, as far as this user may see it. */
export function listenerOn(port: number): Process | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = ["net/tcp", "net/tcp6"]
    .flatMap((table) => (readProc(table) ?? "").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter((field) => field[1]?.endsWith(`:${hex}`) && field[3] === "0A")
    .map((field) => `socket:[${field[9]}]`);
  return processes().find(({ pid }) => openFiles(pid).some((file) => sockets.includes(file)));
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map((pid) => ({ pid: Number(pid), args: (readProc(`${pid}/cmdline`) ?? "").split("\0").slice(0, -1) }))
    .filter(({ args }) => args.length > 0);
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  } catch {
    return []; // gone meanwhile, or another user's
  }
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(`/proc/${file}`, "utf8");
  } catch {
    return undefined; // gone meanwhile
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone meanwhile
  }
}
