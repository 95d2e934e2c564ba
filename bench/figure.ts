/** One line of a bench: printed as JSON, read by `run.ts`. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "MB" | "resources" | "links" | "KB";
  /** At most this. */
  readonly target?: number;
}

export function print(what: string, value: number, unit: Figure["unit"], target?: number): void {
  const rounded = unit === "s" ? Math.round(value * 10) / 10 : Math.round(value);
  console.log(JSON.stringify({ what, value: rounded, unit, target } satisfies Partial<Figure>));
}

/** Most memory this process ever held, in MB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}
