/** One line of a bench: printed as JSON, read by `run.ts`. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "MB" | "resources" | "links" | "requests" | "results" | "KB";
  /** At most this. */
  readonly target?: number;
}

export function print(what: string, value: number, unit: Figure["unit"], target?: number): void {
  const rounded = unit === "s" ? Math.round(value * 100) / 100 : Math.round(value);
  const figure: Figure = { what, value: rounded, unit, ...(target === undefined ? {} : { target }) };
  console.log(JSON.stringify(figure));
}

/** Most memory this process ever held, in MB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}
