import { parse } from "yaml";
import type { Ran } from "../../lab/run";
import { type Block, blocksOf, noteRun } from "../../testing/documents";
import type { StackConfig, TestLab } from "./harness";

/** One code block of a runbook: `sh` to be run, `yaml` to be written into the stack file. */
export type Step = Block;

/** The code blocks of `docs/runbooks/<name>.md`, in order. The clusters of its examples are those of the lab. */
export function readRunbook(name: string): Step[] {
  return readDocument(`docs/runbooks/${name}.md`);
}

/** The code blocks of a document that are to be tried. */
export function readDocument(path: string): Step[] {
  return blocksOf(path).filter(({ remark }) => remark === "");
}

/** Those of them that are commands. */
export function readCommands(path: string): Step[] {
  return readDocument(path).filter(({ language }) => language === "sh");
}

type Counted<N extends number, List extends Step[] = []> = List["length"] extends N
  ? List
  : Counted<N, [...List, Step]>;

/** The steps, which must be so many: a test that names each of them learns of one that a document gains or loses. */
export function exactly<N extends number>(count: N, steps: Step[]): Counted<N> {
  if (hasLength(count, steps)) return steps;
  throw new Error(`${steps.length} steps instead of ${count}: ${steps.map(({ at }) => at).join(", ")}`);
}

function hasLength<N extends number>(count: N, steps: Step[]): steps is Counted<N> {
  return steps.length === count;
}

/**
 * Does what one step says, as written: runs a script in the lab's shell, or merges settings into the stack file (maps
 * are merged, anything else is replaced).
 */
export async function follow(lab: TestLab, step: Step): Promise<Ran> {
  if (step.language === "sh") return runAsWritten(step, (script) => lab.shell(script));
  if (step.language !== "yaml") throw new Error(`a runbook has no '${step.language}' blocks:\n${step.text}`);
  lab.edit((config) => merge(config, parse(step.text) as StackConfig));
  return { code: 0, stdout: "", stderr: "" };
}

/** Runs a block of commands somewhere. */
export function runAsWritten(step: Step, shell: (script: string) => Promise<Ran>): Promise<Ran> {
  noteRun(step);
  return shell(step.text);
}

/** Follows steps of a runbook, each of which must succeed; the output of the last. */
export async function followAll(lab: TestLab, steps: readonly Step[]): Promise<Ran> {
  let last: Ran = { code: 0, stdout: "", stderr: "" };
  for (const step of steps) {
    last = await follow(lab, step);
    if (last.code !== 0) throw new Error(`${step.text}\n${last.stdout}\n${last.stderr}`);
  }
  return last;
}

function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(from)) {
    const old = into[key];
    if (isMap(old) && isMap(value)) merge(old, value);
    else into[key] = value;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
