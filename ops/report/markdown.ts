import { describe, isRisky, type Section, shortType } from "./describe";
import type { Preview } from "./preview";

/** Longest list before the rest of it is counted instead of told; a reviewer reads the folded part for all. */
const MOST = 12;

/** The report as Markdown: what a reviewer needs first, the resource-level steps folded beneath. */
export function report(preview: Preview, stack: string): string {
  const sections = describe(preview);
  const summary =
    preview.steps.length === 0
      ? "Nothing changes."
      : `${preview.steps.length} resources change${isRisky(sections) ? "; **something needs a closer look**" : ""}.`;
  const parts = [`## Fleet preview: ${stack}`, summary, ...sections.map(section)];
  if (preview.steps.length > 0) parts.push(folded(preview));
  return `${parts.join("\n\n")}\n`;
}

function section({ title, lines }: Section): string {
  const shown = lines
    .slice(0, MOST)
    .map(({ text, why }) => `- ${text}${why === undefined ? "" : ` (${why})`}`);
  if (lines.length > MOST) shown.push(`- … and ${lines.length - MOST} more`);
  return `**${title}**\n${shown.join("\n")}`;
}

const SIGNS = { create: "+", update: "~", replace: "±", delete: "-" } as const;

function folded({ steps }: Preview): string {
  const lines = steps.map(({ op, type, name, changed }) => {
    const what = op === "update" && changed.length > 0 ? ` [${changed.join(", ")}]` : "";
    return `${SIGNS[op]} ${shortType(type)} ${name}${what}`;
  });
  return `<details><summary>All ${steps.length} resources</summary>\n\n\`\`\`diff\n${lines.join("\n")}\n\`\`\`\n\n</details>`;
}
