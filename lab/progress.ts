import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheRoot } from "./toolchain";

/** Says what is being done, how long it took last time, and how long it took now. */
export class Progress {
  constructor(
    private readonly write: (line: string) => void,
    /** Remembers how long each step took; kept with the tool chain, because `down` removes the lab. */
    private readonly memory = join(cacheRoot(), "lab-durations.json"),
  ) {}

  /** Prints a line that belongs to no step. */
  say(line: string): void {
    this.write(line);
  }

  /**
   * Runs one step. `work` calls `note` with what is going on, which is printed every few seconds while the step lasts.
   */
  async step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const known = this.durations();
    const last = known[name];
    this.write(`${name}${last === undefined ? "" : ` (last time ${seconds(last)})`} …`);
    const started = Date.now();
    let current = "";
    const heartbeat = setInterval(
      () => this.write(`  ${seconds((Date.now() - started) / 1000)}${current === "" ? "" : `: ${current}`}`),
      5000,
    );
    try {
      const result = await work((text) => {
        current = text;
      });
      const took = (Date.now() - started) / 1000;
      this.write(`  done in ${seconds(took)}`);
      this.remember({ ...this.durations(), [name]: Math.round(took * 10) / 10 });
      return result;
    } finally {
      clearInterval(heartbeat);
    }
  }

  private durations(): Record<string, number> {
    try {
      const content: unknown = JSON.parse(readFileSync(this.memory, "utf8"));
      const entries = typeof content === "object" && content !== null ? Object.entries(content) : [];
      return Object.fromEntries(
        entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
      );
    } catch {
      return {}; // the first time, or damaged: only a hint is lost
    }
  }

  private remember(durations: Record<string, number>): void {
    mkdirSync(dirname(this.memory), { recursive: true });
    writeFileSync(`${this.memory}.${process.pid}`, `${JSON.stringify(durations, null, 2)}\n`);
    renameSync(`${this.memory}.${process.pid}`, this.memory);
  }
}

export function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}
