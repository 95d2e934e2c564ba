import { readdirSync, readFileSync } from "node:fs";

/** Peaks of resident memory in MB, by process. Pages that processes share count in each. */
export class MemoryWatch {
  private readonly peaks = new Map<number, { readonly command: string; readonly megabytes: number }>();
  private readonly timer = setInterval(() => this.look(), 200);

  /** Of all that a process started, and itself. */
  constructor(private readonly root: number) {}

  end(): readonly { readonly command: string; readonly megabytes: number }[] {
    clearInterval(this.timer);
    return [...this.peaks.values()];
  }

  private look(): void {
    const parents = new Map<number, number>();
    for (const entry of readdirSync("/proc")) {
      const parent = /^\d+$/.test(entry) ? /^PPid:\t(\d+)/m.exec(read(`/proc/${entry}/status`)) : null;
      if (parent) parents.set(Number(entry), Number(parent[1]));
    }
    for (const pid of parents.keys()) {
      let above: number | undefined = pid;
      while (above !== undefined && above !== this.root) above = parents.get(above);
      const peak = above === undefined ? null : /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`));
      const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      if (peak && command !== "") this.peaks.set(pid, { command, megabytes: Number(peak[1]) / 1024 });
    }
  }
}

/** Empty for a process that is gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
