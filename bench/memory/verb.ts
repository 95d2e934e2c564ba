import { execFile } from "node:child_process";
import { join } from "node:path";
import { MemoryWatch } from "./processes";

export interface RanVerb {
  readonly stdout: string;
  readonly seconds: number;
  readonly megabytes: number;
}

/** Runs `npx fleet` in a process of its own. It fails if the verb says anything else than its result. */
export function fleetVerb(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<RanVerb> {
  const program = join(__dirname, "..", "..", "ops", "fleet.cjs");
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 2 ** 30 };
    const child = execFile(process.execPath, [program, ...args], options, (_, stdout, stderr) => {
      const seconds = (performance.now() - start) / 1000;
      const megabytes = Math.max(...watch.end().map((one) => one.megabytes));
      if (stderr !== "") reject(new Error(stderr));
      else resolve({ stdout, seconds, megabytes });
    });
    const watch = new MemoryWatch(child.pid ?? 0);
  });
}
