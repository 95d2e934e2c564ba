import { spawnSync } from "node:child_process";

/** Runs a program of the bench once for each, in a process of its own; what they print stays JSON lines. */
export function inProcesses(program: string, each: readonly (readonly string[])[], heapMB: number): void {
  for (const args of each) {
    const { status } = spawnSync(process.execPath, ["--import", "tsx", program, ...args], {
      stdio: "inherit",
      env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heapMB}` },
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed`);
  }
}
