import { type Of, tell } from "./result";

export function print(what: string, value: number, unit: Of<"figure">["unit"], target?: number): void {
  const rounded = unit === "s" || unit === "KB" ? toHundredths(value) : Math.round(value);
  tell({ kind: "figure", what, value: rounded, unit, ...(target === undefined ? {} : { target }) });
}

export function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Most memory this process ever held, in MB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}

export function toTenths(value: number): number {
  return Math.round(value * 10) / 10;
}
