import { type Layout, layOut, PADDING, ROW } from "./layout";
import type { Picture } from "./picture";
import { boxDetails, COLOURS, lineDetails, markOf } from "./words";

const STYLE = `
  text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2937 }
  .title { font-weight: 600 }
  .fact, .legend, .region { fill: #6b7280 }
  .frame { fill: #f9fafb; stroke: #d1d5db; stroke-dasharray: 2 3 }
  .box rect { fill: #eff6ff; stroke: #3b82f6 }
  .line path { fill: none; stroke: #94a3b8; stroke-width: 1.4 }
  .line .wide { stroke: transparent; stroke-width: 14 }
  .line text, .region { paint-order: stroke; stroke: #fff; stroke-width: 6px; stroke-linejoin: round }
  .line text { text-anchor: middle }
  .draining path:not(.wide) { stroke-dasharray: 6 4 }
  .draining rect { stroke-dasharray: 6 4 }
${Object.entries(COLOURS)
  .map(
    ([mark, { fill, stroke, color }]) =>
      `  .box.${mark} rect { fill: ${fill}; stroke: ${stroke}; stroke-width: 2 }\n` +
      `  .line.${mark} path:not(.wide) { stroke: ${stroke}; stroke-width: 2.2 }\n` +
      `  text.${mark} { fill: ${color} }`,
  )
  .join("\n")}
`;

const ARROWS: Readonly<Record<string, string>> = {
  same: "#94a3b8",
  ...Object.fromEntries(Object.entries(COLOURS).map(([mark, { stroke }]) => [mark, stroke])),
};

/**
 * A picture as SVG, complete in itself. Boxes and lines carry what is known of them as `title`, and the services that
 * cross there as `data-services`, for whoever shows or filters them.
 */
export function svg(picture: Picture): string {
  const layout = layOut(picture);
  const legend = legendOf(picture);
  const width = Math.max(layout.width, ...legend.map((text) => text.length * 7 + 48));
  const height = layout.height + legend.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(legend[0] ?? "")}">`,
    `<style>${STYLE}</style>`,
    `<defs>${Object.entries(ARROWS).map(arrow).join("")}</defs>`,
    `<rect width="100%" height="100%" rx="8" fill="#fff"/>`,
    ...layout.frames.map(
      ({ x, y, width, height }) =>
        `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>`,
    ),
    ...layout.lines.map(lineOf),
    ...layout.frames.map(
      ({ region, x, y }) =>
        `<text class="region" x="${x + PADDING}" y="${y + ROW - 2}">${escaped(region)}</text>`,
    ),
    ...layout.boxes.map(boxOf),
    ...legend.map(
      (text, at) => `<text class="legend" x="24" y="${layout.height + at * ROW}">${escaped(text)}</text>`,
    ),
    "</svg>\n",
  ].join("\n");
}

function arrow([mark, colour]: [string, string]): string {
  return (
    `<marker id="to-${mark}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" ` +
    `markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 1L10 5L0 9z" fill="${colour}"/></marker>`
  );
}

function lineOf({ line, path: [start, control, end], label }: Layout["lines"][number]): string {
  const d = `M${start.x} ${start.y}Q${round(control.x)} ${round(control.y)} ${end.x} ${end.y}`;
  const ends = `${line.back ? `marker-start="url(#to-${line.mark})" ` : ""}marker-end="url(#to-${line.mark})"`;
  return (
    `<g class="line ${line.mark}${line.draining ? " draining" : ""}" data-services="${escaped(line.services.join(" "))}">` +
    `<title>${escaped(lineDetails(line).join("\n"))}</title><path class="wide" d="${d}"/><path d="${d}" ${ends}/>` +
    (label
      ? `<text class="${line.mark}" x="${label.x + label.width / 2}" y="${label.y + ROW - 5}">${escaped(label.text)}</text>`
      : "") +
    "</g>"
  );
}

function boxOf({ box, rows, x, y, width, height }: Layout["boxes"][number]): string {
  const services = box.services.map(({ service }) => service).join(" ");
  const texts = rows.map(
    ({ kind, text, mark, service }, at) =>
      `<text class="${kind} ${mark}"${service === undefined ? "" : ` data-services="${escaped(service)}"`} ` +
      `x="${x + PADDING}" y="${y + PADDING + (at + 1) * ROW - 5}">${escaped(text)}</text>`,
  );
  return (
    `<g class="box ${markOf(box)}${box.draining ? " draining" : ""}" data-services="${escaped(services)}">` +
    `<title>${escaped(boxDetails(box).join("\n"))}</title>` +
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>${texts.join("")}</g>`
  );
}

function legendOf({ clusters, links, services, groups, lines }: Picture): string[] {
  const marked = [...groups.flatMap(({ boxes }) => boxes.map(markOf)), ...lines.map(({ mark }) => mark)];
  return [
    `${clusters} clusters, ${links} links, ${services.length} services that cross`,
    "A → B: callers in A reach services of B; ← who may call; dashed: draining",
    ...(marked.some((mark) => mark !== "same") ? ["Changes: + added, − removed, ~ changed"] : []),
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Regions are free text. */
export function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.codePointAt(0)};`);
}
