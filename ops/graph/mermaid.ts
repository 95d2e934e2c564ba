import type { Mark } from "./marks";
import type { Box, Line, Picture } from "./picture";
import { COLOURS, labelOf, markOf, rowsOf } from "./words";

/** A picture as Mermaid, which GitHub and others draw. */
export function mermaid(picture: Picture): string {
  const boxes = picture.groups.flatMap(({ boxes }) => boxes);
  const ids = new Map(boxes.map(({ id }, at) => [id, `n${at}`]));
  const node = (box: Box) => `${ids.get(box.id)}["${words(box)}"]`;
  const marks = Map.groupBy(boxes, markOf);
  const text = [
    "flowchart LR",
    ...picture.groups.flatMap(({ region, boxes }, at) =>
      region === undefined
        ? boxes.map((box) => `  ${node(box)}`)
        : [`  subgraph g${at}["${escaped(region)}"]`, ...boxes.map((box) => `    ${node(box)}`), "  end"],
    ),
    ...picture.lines.map((line) => `  ${ids.get(line.from)} ${arrow(line)} ${ids.get(line.to)}`),
    ...CHANGES.flatMap((mark) => {
      const marked = marks.get(mark) ?? [];
      if (marked.length === 0) return [];
      const { fill, stroke, color } = COLOURS[mark];
      return [
        `  classDef ${mark} fill:${fill},stroke:${stroke},color:${color}`,
        `  class ${marked.map(({ id }) => ids.get(id))} ${mark}`,
      ];
    }),
    ...picture.lines.flatMap(({ mark }, at) =>
      mark === "same"
        ? []
        : [`  linkStyle ${at} stroke-width:2px,stroke:${COLOURS[mark].stroke},color:${COLOURS[mark].color}`],
    ),
  ];
  return `${text.join("\n")}\n`;
}

const CHANGES = ["added", "removed", "changed"] as const satisfies readonly Mark[];

function words(box: Box): string {
  return rowsOf(box)
    .map(({ text }) => escaped(text))
    .join("<br/>");
}

function arrow(line: Line): string {
  return `${line.back ? "<" : ""}${line.draining ? "-.-" : "--"}>|"${escaped(labelOf(line))}"|`;
}

/** Regions are free text. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/()+−←~*_-]/gu, (character) => `#${character.codePointAt(0)};`);
}
