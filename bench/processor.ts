import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** What the processors of this machine do, by program, for as long as it is watched. */
export class ProcessorWatch {
  private readonly ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"]));
  private readonly before = this.look();
  private readonly latest = new Map(this.before);
  private readonly timer = setInterval(() => {
    for (const [pid, one] of this.look()) this.latest.set(pid, one);
  }, 200);

  /** Processor seconds of each program. */
  end(): ReadonlyMap<string, number> {
    clearInterval(this.timer);
    const seconds = new Map<string, number>();
    for (const [pid, { program, ticks }] of this.latest) {
      const spent = (ticks - (this.before.get(pid)?.ticks ?? 0)) / this.ticksPerSecond;
      seconds.set(program, (seconds.get(program) ?? 0) + spent);
    }
    return seconds;
  }

  private look(): Map<string, { readonly program: string; readonly ticks: number }> {
    const found = readdirSync("/proc").flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // After the name, which may hold anything: fields 3 and following, of which 14 and 15 are its time.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [
          [pid, { program: programOf(command), ticks: Number(fields[11]) + Number(fields[12]) }] as const,
        ];
      } catch {
        // No process, or one that has ended meanwhile.
        return [];
      }
    });
    return new Map(found);
  }
}

/** The file that was started; for Node.js also its script's. */
function programOf([file = "", ...args]: readonly string[]): string {
  const name = basename(file);
  if (name !== "node") return name;
  return `node ${args.includes("--monitor") ? "of the program" : "of others"}`;
}
