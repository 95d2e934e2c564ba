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
  const told = steps.flatMap((step) => {
    const { namespace, name, cluster } = step.after ?? step.before ?? {};
    return tell(step).map((line) => ({
      service: `${text(namespace)}/${text(name)}`,
      cluster: text(cluster),
      line,
    }));
  });
  const alike = Map.groupBy(told, ({ service, line }) => `${service}\n${line.text}`);
  return [...alike.values()].flatMap((group) =>
    group.slice(0, 1).map(({ service, line }) => ({
      ...line,
      text: `${service} of ${group.map(({ cluster }) => cluster).join(", ")}${line.text}`,
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
