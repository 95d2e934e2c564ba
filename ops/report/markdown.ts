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
  const parts = [`## Fleet preview: ${stack}`, ...summary(preview, sections), ...sections.map(section)];
  if (preview.steps.length > 0) parts.push(...picture(preview), folded(preview));
  return `${parts.join("\n\n")}\n`;
}

function summary({ steps }: Preview, sections: readonly Section[]): string[] {
  if (sections.length === 0) {
    return [steps.length === 0 ? "Nothing changes." : "Only the resources below change, the fleet does not."];
  }
  return isRisky(sections) ? ["**Something needs a closer look.**"] : [];
}

function section({ title, lines }: Section): string {
  // What is not shown must not be what to stop for.
  const risky = lines.filter(({ why }) => why !== undefined);
  const ordered = lines.length > MOST ? [...new Set([...risky, ...lines])] : lines;
  const shown = ordered.slice(0, MOST).map(({ text, why }) => {
    const [first, ...rest] = text.split("\n");
    return [`- ${first}${why === undefined ? "" : ` (${why})`}`, ...rest].join("\n");
  });
  if (lines.length > MOST) shown.push(`- … and ${lines.length - MOST} more`);
  return `**${title}**\n${shown.join("\n")}`;
}

/** The fleet with the change marked, where the preview tells both. */
function picture({ before, after }: Preview): string[] {
  if (before === undefined || after === undefined) return [];
  const drawn = mermaid(draw(after, before)).trimEnd();
  return [
    `<details open><summary>The fleet, with the change marked</summary>\n\n\`\`\`mermaid\n${drawn}\n\`\`\`\n\n</details>`,
  ];
}

function folded({ steps }: Preview): string {
  const lines = steps.map(({ op, type, name, changed }) => {
    const what = op === "update" && changed.length > 0 ? ` [${changed.join(", ")}]` : "";
    return `${SIGNS[op]} ${shortType(type)} ${name}${what}`;
  });
  const counts = Object.entries(Object.groupBy(steps, ({ op }) => VERBS[op]));
  const told = counts.map(([verb, of]) => `${of?.length} ${verb}`).join(", ");
  return `<details><summary>All ${steps.length} resources: ${told}</summary>\n\n\`\`\`diff\n${lines.join("\n")}\n\`\`\`\n\n</details>`;
}

const SIGNS = { create: "+", update: "~", replace: "±", delete: "-" } as const;
const VERBS = { create: "added", update: "changed", replace: "replaced", delete: "removed" } as const;
