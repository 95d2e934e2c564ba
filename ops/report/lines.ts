import type { Inputs, Step } from "./preview";

/** A line of the report; `why` tells a reviewer what to stop for. */
export interface Line {
  readonly text: string;
  readonly why?: string;
}

export interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** What happens to a service; the same in several clusters is one line. */
export function serviceLines(steps: readonly Step[], tell: (step: Step) => readonly Line[]): Line[] {
  return clusterLines(steps, ({ namespace, name }) => `${text(namespace)}/${text(name)}`, tell);
}

/** What happens to what `subject` names; the same in several clusters is one line. */
export function clusterLines(
  steps: readonly Step[],
  subject: (inputs: Inputs) => string,
  tell: (step: Step) => readonly Line[],
): Line[] {
  const told = steps.flatMap((step) => {
    const inputs = step.after ?? step.before ?? {};
    return tell(step).map((line) => ({
      subject: subject(inputs),
      cluster: text(inputs.cluster ?? step.cluster),
      line,
    }));
  });
  const alike = Map.groupBy(told, ({ subject, line }) => `${subject}\n${line.text}`);
  return [...alike.values()].flatMap((group) =>
    group.slice(0, 1).map(({ subject, line }) => ({
      ...line,
      text: `${subject} of ${group.map(({ cluster }) => cluster).join(", ")}${line.text}`,
    })),
  );
}

export function isType(type: string): (step: Step) => boolean {
  return (step) => step.type === type;
}

export function pairOf(inputs: Inputs | undefined, name: string): string {
  return inputs?.source === undefined ? name : `${text(inputs.source)} → ${text(inputs.target)}`;
}

const VERBS = {
  create: "is added",
  update: "changes",
  replace: "is replaced",
  delete: "is removed",
} as const;

export function verb(step: Step, what: string): string {
  return `${what} ${VERBS[step.op]}`;
}

export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}

export function list(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join(", ") : "";
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "?";
}

/** What came and what went from one list to the next. */
export function difference(before: readonly string[], after: readonly string[]): Difference {
  return {
    gained: after.filter((item) => !before.includes(item)),
    lost: before.filter((item) => !after.includes(item)),
  };
}

export interface Difference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export function signed({ gained, lost }: Difference): string {
  return [...gained.map((item) => `+${item}`), ...lost.map((item) => `−${item}`)].join(", ");
}

export const CLUSTER = "linkerd-fleet:cluster:Cluster";
export const RELEASE = "kubernetes:helm.sh/v3:Release";
