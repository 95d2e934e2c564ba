import { type Box, type Line, type Mark, type Picture, SIGNS, shown } from "./picture";

const COLOURS: Readonly<Record<Exclude<Mark, "same">, string>> = {
  added: "fill:#dcfce7,stroke:#15803d,color:#14532d",
  removed: "fill:#fee2e2,stroke:#b91c1c,color:#7f1d1d,stroke-dasharray:6 4",
  changed: "fill:#fef3c7,stroke:#b45309,color:#78350f",
};

/** A picture as Mermaid, which GitHub and others draw. */
export function mermaid(picture: Picture): string {
  const boxes = picture.groups.flatMap(({ boxes }) => boxes);
  const ids = new Map(boxes.map(({ id }, at) => [id, `n${at}`]));
  const node = (box: Box) => `${ids.get(box.id)}["${words(box)}"]`;
  const marks = Map.groupBy(boxes, ({ mark, services }) =>
    mark === "same" && services.some((service) => service.mark !== "same") ? "changed" : mark,
  );
  const text = [
    "flowchart LR",
    ...picture.groups.flatMap(({ region, boxes }, at) =>
      region === undefined
        ? boxes.map((box) => `  ${node(box)}`)
        : [`  subgraph g${at}["${escaped(region)}"]`, ...boxes.map((box) => `    ${node(box)}`), "  end"],
    ),
    ...picture.lines.map((line) => `  ${ids.get(line.from)} ${arrow(line)} ${ids.get(line.to)}`),
    ...Object.entries(COLOURS).flatMap(([mark, colours]) => {
      const marked = marks.get(mark as Mark) ?? [];
      if (marked.length === 0) return [];
      return [`  classDef ${mark} ${colours}`, `  class ${marked.map(({ id }) => ids.get(id))} ${mark}`];
    }),
    ...picture.lines.flatMap(({ mark }, at) =>
      mark === "same"
        ? []
        : [`  linkStyle ${at} ${COLOURS[mark].replace(/^fill:[^,]*,/, "stroke-width:2px,")}`],
    ),
  ];
  return `${text.join("\n")}\n`;
}

function words(box: Box): string {
  const { services, more } = shown(box);
  return [
    `${SIGNS[box.mark]}${box.title}${box.draining ? " (draining)" : ""}`,
    box.facts.join(", "),
    ...services.map(({ service, modes, mark }) => `${SIGNS[mark]}${service} (${modes.join(", ")})`),
    ...(more > 0 ? [`and ${more} more services`] : []),
  ]
    .map(escaped)
    .join("<br/>");
}

function arrow({ links, modes, mark, draining, back }: Line): string {
  const what = links.length > 2 ? `${links.length} links` : modes.join(", ");
  const label = escaped(`${SIGNS[mark]}${draining ? "draining" : what}`);
  return `${back ? "<" : ""}${draining ? "-.-" : "--"}>|"${label}"|`;
}

/** Regions are free text. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/()+−~_-]/gu, (character) => `#${character.codePointAt(0)};`);
}
