import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /**
   * A file that takes all output, instead of a pipe: a program that changes something goes on to its end if the one
   * that started it is killed, where a broken pipe would kill it half-way.
   */
  readonly output?: string;
}

const running = new Set<ChildProcess>();
let interrupted = false;

/**
 * Runs a program to its end. It gets a process group of its own, so that Ctrl-C reaches it once, through
 * `interruptRunning`, and not twice: a second one makes the engine give up in the middle of an operation.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (interrupted) return Promise.reject(new Error(`interrupted before ${program}`));
  return new Promise((resolve, reject) => {
    const file = options.output === undefined ? "pipe" : openSync(options.output, "w", 0o600);
    const child = spawn(program, args, {
      env: options.env,
      cwd: options.cwd,
      detached: true,
      stdio: ["ignore", file, file],
    });
    if (file !== "pipe") closeSync(file);
    running.add(child);
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
      });
    }
    child.on("error", (error) => {
      running.delete(child);
      reject(error);
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? (signal === null ? 1 : 130), ...output });
    });
  });
}

/** Passes Ctrl-C on to every program that is running, and lets no other start; returns how many there were. */
export function interruptRunning(): number {
  interrupted = true;
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, "SIGINT");
  return running.size;
}
