import { ENGINE_DATE } from "./engineYaml";

/** One thing wrong in a stack file, told so that a person can mend it without reading our code. */
export interface Problem {
  /** Where: the configuration path as written in the stack file, for example `clusters.prod-eu.gateway.port`. */
  readonly path: string;
  /** The fault at that path. */
  readonly problem: string;
  /** The text to write instead. */
  readonly fix: string;
}

/** A path as people write it: `clusters.prod-eu.gateway.port`, `services[2].in[0]`. */
export function pathOf(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, at) => {
      if (typeof key === "number") return `[${key}]`;
      const name = nameOf(key);
      return /^[\w-]+$/.test(name) ? (at === 0 ? "" : ".") + name : `["${name}"]`;
    })
    .join("");
}

/** A key as it may be shown. A long or odd one may be a secret that was pasted in the wrong place. */
export function nameOf(key: PropertyKey): string {
  const name = String(key).replace(ENGINE_DATE, "$1");
  return /^[\w./*-]{1,63}$/.test(name) && !/^eyJ/.test(name) ? name : "…";
}

/** Whether a place is another one or lies below it. */
export function within(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
}

/** Sorts by path and drops repetitions, so that the same file always prints the same list. */
export function orderProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map((p) => [`${p.path}\n${p.problem}`, p]));
  return [...seen.values()].sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** The message a user sees: every problem, each with its path, what is wrong and what to write. */
export function formatProblems(problems: readonly Problem[], heading?: string): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((p) => `  ${p.path}\n    ${p.problem}\n    → ${p.fix}`);
  return `${heading ?? `The stack file has ${count}`}:\n${lines.join("\n")}`;
}
