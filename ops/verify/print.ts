import { styleText } from "node:util";
import Table from "cli-table3";
import type { Finding } from "./finding";
import { type Outcome, type Result, worst } from "./judge";

const WORDS = { ok: "ok", unknown: "not known", warning: "warning", error: "failed" } as const;
const COLOURS = { ok: "green", unknown: "cyan", warning: "yellow", error: "red" } as const;

/** Without colours where the output is no terminal or `NO_COLOR` is set. */
function colour(outcome: Outcome, text: string): string {
  return styleText(COLOURS[outcome], text, { stream: process.stdout });
}

/** A line for each check, then each finding with what to do. */
export function table(results: readonly Result[], summary: string): string {
  const overview = new Table({
    head: ["check", "", "ok", "of"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "left", "right", "right"],
  });
  for (const [check, of] of Map.groupBy(results, (result) => result.check)) {
    const outcome = worst(of.map((result) => result.outcome));
    const ok = of.filter((result) => result.outcome === "ok").length;
    overview.push([check, colour(outcome, WORDS[outcome]), ok, of.length]);
  }
  const findings = results.flatMap(({ check, subject, findings }) =>
    findings.map((finding) => ({ check, subject, finding })),
  );
  const order: readonly Outcome[] = ["error", "warning", "unknown"];
  const lines = order.flatMap((severity) =>
    [
      ...Map.groupBy(
        findings.filter(({ finding }) => finding.severity === severity),
        textOf,
      ).values(),
    ].map((alike) => paragraph(alike)),
  );
  return [overview.toString(), ...lines, summary].join("\n");
}

interface Found {
  readonly check: string;
  readonly subject: string;
  readonly finding: Finding;
}

/** What could not be judged for one reason is said once; everything else has a paragraph of its own. */
function textOf({ check, subject, finding }: Found): string {
  return finding.severity === "unknown" ? finding.message : JSON.stringify([check, subject, finding]);
}

function paragraph(alike: readonly Found[]): string {
  const [first] = alike;
  if (!first) return "";
  const { message, remedy, runbook, severity } = first.finding;
  const subjects = [...new Set(alike.map(({ subject }) => subject))];
  const shown =
    subjects.length > 3
      ? `${subjects.slice(0, 3).join(", ")} and ${subjects.length - 3} more`
      : subjects.join(", ");
  const head = colour(severity, `${WORDS[severity]}: ${shown}`);
  return `${head}: ${message}\n    → ${remedy} (docs/runbooks/${runbook}.md)`;
}

/** For CI servers: a suite for each check, a case for each cluster, link or service. */
export function junit(results: readonly Result[]): string {
  const suites = [...Map.groupBy(results, ({ check }) => check)].map(([check, of]) => {
    const cases = of.map(({ subject, findings, outcome }) => {
      const text = findings.map(({ message, remedy }) => `${message}\n→ ${remedy}`).join("\n");
      const attributes = `name="${xml(subject)}" classname="${xml(check)}"`;
      const first = xml(findings[0]?.message ?? "");
      const inner = {
        ok: "",
        unknown: `<skipped message="${first}"/>`,
        warning: `<system-out>${xml(text)}</system-out>`,
        error: `<failure message="${first}">${xml(text)}</failure>`,
      }[outcome];
      return `    <testcase ${attributes}>${inner}</testcase>`;
    });
    const count = (outcome: Outcome) => of.filter((result) => result.outcome === outcome).length;
    const counts = `tests="${of.length}" failures="${count("error")}" skipped="${count("unknown")}"`;
    return [`  <testsuite name="${xml(check)}" ${counts}>`, ...cases, "  </testsuite>"].join("\n");
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("\n")}\n</testsuites>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

function xml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => ESCAPES[character] ?? character);
}
