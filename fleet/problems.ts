/** One thing wrong in a stack file, told so that a person can mend it without reading our code. */
export interface Problem {
  /** Where: the configuration path as written in the stack file, for example `clusters.prod-eu.gateway.port`. */
  readonly path: string;
  /** What is wrong there. */
  readonly problem: string;
  /** What to write instead. */
  readonly fix: string;
}

/** Sorts by path and drops repetitions, so that the same file always prints the same list. */
export function orderProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map((p) => [`${p.path}\n${p.problem}`, p]));
  return [...seen.values()].sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** The message a user sees: every problem, each with its path, what is wrong and what to write. */
export function formatProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((p) => `  ${p.path}\n    ${p.problem}\n    → ${p.fix}`);
  return `The stack file has ${count}:\n${lines.join("\n")}`;
}
