import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { repository } from "../../lab/env";

/** What a test found of one fault: a line of the table in docs/reliability.md. */
export interface Outcome {
  readonly fault: string;
  /** Exit code of the command that met the fault. */
  readonly code: number;
  /** The part of its message that names the cluster or the cause. */
  readonly says: string;
  /** Whether the changes of the other clusters were applied in the same run. */
  readonly others: "applied" | "none to apply";
  /** What healed it, in order; after it the preview was empty. */
  readonly healed: string;
  readonly lost: number;
  readonly orphaned: number;
}

const PAGE = join(repository, "docs", "reliability.md");

/** The committed table holds what was found; with LINKERD_FLEET_WRITE=1 it is written instead. */
export function documented(outcome: Outcome): void {
  const { fault, code, says, others, healed, lost, orphaned } = outcome;
  const line = `| ${[fault, code, says, others, healed, lost, orphaned].join(" | ")} |`;
  if (process.env.LINKERD_FLEET_WRITE === "1") {
    const lines = readFileSync(PAGE, "utf8").split("\n");
    const at = lines.findIndex((other) => other.startsWith(`| ${fault} |`));
    if (at >= 0) lines[at] = line;
    else lines.splice(lines.findLastIndex((other) => other.startsWith("|")) + 1, 0, line);
    writeFileSync(PAGE, lines.join("\n"));
  }
  expect(readFileSync(PAGE, "utf8").split("\n")).toContain(line);
}
