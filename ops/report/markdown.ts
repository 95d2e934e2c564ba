import { mermaid } from "../graph/mermaid";
import { draw } from "../graph/picture";
import { describe, isRisky } from "./describe";
import { type Section, shortType } from "./lines";
import type { Preview } from "./preview";

/** Longest list before the rest of it is counted instead of told; a reviewer reads the folded part for all. */
const MOST = 12;

/** The report as Markdown: what a reviewer needs first, the fleet as a picture, the resources folded beneath. */
export function report(preview: Preview, stack: string): string {
  const sections = describe(preview);
  const parts = [
    `## Fleet preview: ${escaped(stack)}`,
    ...summary(preview, sections),
    ...sections.map(section),
  ];
  if (preview.steps.length > 0) parts.push(...picture(preview), folded(preview));
  return `${parts.join("\n\n")}\n`;
}

function summary({ steps }: Preview, sections: readonly Section[]): string[] {
  if (sections.length === 0) {
    return [steps.length === 0 ? "Nothing changes." : "Only the resources below change. The fleet does not."];
  }
  return isRisky(sections) ? ["**Something needs a closer look.**"] : [];
}

function section({ title, lines }: Section): string {
  // What is not shown must not be what to stop for.
  const risky = lines.filter(({ why }) => why !== undefined);
  const ordered = lines.length > MOST ? [...new Set([...risky, ...lines])] : lines;
  const shown = ordered.slice(0, MOST).map(({ text, why }) => {
    const [first = "", ...rest] = text.split(/[\n\r]+/).map(escaped);
    return [`- ${first}${why === undefined ? "" : ` (${why})`}`, ...rest.map((line) => `  ${line}`)].join(
      "\n",
    );
  });
  if (lines.length > MOST) shown.push(`- … and ${lines.length - MOST} more`);
  return `**${title}**\n${shown.join("\n")}`;
}

/** The fleet with the change marked, where the preview tells both. */
function picture({ before, after }: Preview): string[] {
  if (before === undefined || after === undefined) return [];
  const drawn = mermaid(draw(after, before)).trimEnd();
  return [
    `<details open><summary>The fleet, with the change marked</summary>\n\n${fenced("mermaid", drawn)}\n\n</details>`,
  ];
}

function folded({ steps }: Preview): string {
  const lines = steps.map(({ op, type, name, changed }) => {
    const what = op === "update" && changed.length > 0 ? ` [${changed.join(", ")}]` : "";
    return `${SIGNS[op]} ${shortType(type)} ${name}${what}`.replaceAll(/[\n\r]+/g, " ");
  });
  const counts = Object.entries(Object.groupBy(steps, ({ op }) => VERBS[op]));
  const told = counts.map(([verb, of]) => `${of?.length} ${verb}`).join(", ");
  return `<details><summary>All ${steps.length} resources: ${told}</summary>\n\n${fenced("diff", lines.join("\n"))}\n\n</details>`;
}

const SIGNS = { create: "+", update: "~", replace: "±", delete: "-" } as const;
const VERBS = { create: "added", update: "changed", replace: "replaced", delete: "removed" } as const;

/**
 * One line as plain words, whatever a cluster, a provider or a stack file put into it: no HTML, no table, no link, no
 * picture, and nobody is mentioned. Only what stands between two single backticks is code, as our own messages write
 * it.
 */
function escaped(line: string): string {
  return line
    .trim()
    .split(/(?<!`)(`[^`]+`)(?!`)/)
    .map((part, at) => (at % 2 === 1 ? part : plain(part)))
    .join("")
    .replace(/^(\d*)([-+=.)])/, "$1\\$2");
}

function plain(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(/[\\`*_~|>[\]$]/g, "\\$&")
      // GitHub looks for people, teams and issues in what it has rendered: a space without width keeps it from them.
      .replaceAll(/[@#](?=\w)/g, "$&\u200b")
      .replace(/^#/, "\\#")
  );
}

/** A block with a fence that nothing inside can end. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
