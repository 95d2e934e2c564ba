import type { Box, Line, Picture } from "./picture";
import { labelOf, type Row, rowsOf } from "./words";

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
/** With the point of its upper left corner. */
export type Rect = Size & Point;

/** Where everything of a picture is, in pixels. */
export interface Layout extends Size {
  readonly frames: readonly (Rect & { readonly region: string })[];
  readonly boxes: readonly (Rect & { readonly box: Box; readonly rows: readonly Row[] })[];
  readonly lines: readonly {
    readonly line: Line;
    /** A quadratic curve. */
    readonly path: Path;
    /** The text on it, where that is, and what of it stands in the way of other texts. */
    readonly label?: Rect & { readonly text: string };
  }[];
}
type Path = readonly [start: Point, control: Point, end: Point];

/** Height of a line of text. */
export const ROW = 18;
export const PADDING = 12;
const MARGIN = 24;
/** With more lines than this, only those that change or drain say what they are. */
const MOST_LABELS = 16;
/** How far apart the lines between the same two boxes are. */
const SPREAD = 40;

/** Regions on a ring, and in each its clusters on a ring of their own, as small as keeps them apart. */
export function layOut({ groups, lines }: Picture): Layout {
  const isLabelled = ({ mark, draining }: Line) => lines.length <= MOST_LABELS || mark !== "same" || draining;
  const widest = Math.max(0, ...lines.filter(isLabelled).map((line) => textWidth(labelOf(line))));
  const gap = { width: widest + 3 * MARGIN, height: 3 * ROW };

  const outer = ring(
    groups.map(({ region, boxes }) => {
      const inner = ring(boxes.map(sized), gap);
      const border = region === undefined ? 0 : MARGIN;
      return { region, inner: moved(inner.items, border, border), ...grown(inner, border) };
    }),
    gap,
  );
  const frames = moved(outer.items, MARGIN, MARGIN);
  const boxes = frames.flatMap(({ inner, x, y }) => moved(inner, x, y));
  return {
    ...grown(outer, MARGIN),
    frames: frames.flatMap(({ region, x, y, width, height }) =>
      region === undefined ? [] : [{ region, x, y, width, height }],
    ),
    boxes,
    lines: labelled(drawn(lines, boxes), isLabelled, boxes),
  };
}

function sized(box: Box) {
  const rows = rowsOf(box);
  return {
    box,
    rows,
    width: Math.max(...rows.map(({ text }) => textWidth(text))) + 2 * PADDING,
    height: rows.length * ROW + 2 * PADDING,
  };
}

/** Wide enough for the usual fonts without serifs at 12 px. */
function textWidth(text: string): number {
  return Math.ceil(text.length * 6.8);
}

/** Around an ellipse, clockwise from the top, at least `gap` apart. */
function ring<T extends Size>(
  items: readonly T[],
  gap: Size,
): Size & { readonly items: readonly (T & Rect)[] } {
  const start = items.length === 2 ? Math.PI : -Math.PI / 2;
  for (let radius = 0; ; radius += 10) {
    const placed = items.map((item, at) => {
      const angle = start + (2 * Math.PI * at) / items.length;
      const x = Math.round(2 * radius * Math.cos(angle) - item.width / 2);
      return { ...item, x, y: Math.round(radius * Math.sin(angle) - item.height / 2) };
    });
    if (placed.some((one, at) => placed.slice(at + 1).some((other) => meet(one, other, gap)))) continue;
    const [left, top] = [Math.min(...placed.map(({ x }) => x)), Math.min(...placed.map(({ y }) => y))];
    return {
      items: moved(placed, -left, -top),
      width: Math.max(...placed.map(({ x, width }) => x + width)) - left,
      height: Math.max(...placed.map(({ y, height }) => y + height)) - top,
    };
  }
}

/** Whether they are closer than `gap` in both directions. */
function meet(a: Rect, b: Rect, gap: Size = { width: 0, height: 0 }): boolean {
  return (
    a.x < b.x + b.width + gap.width &&
    b.x < a.x + a.width + gap.width &&
    a.y < b.y + b.height + gap.height &&
    b.y < a.y + a.height + gap.height
  );
}

function moved<T extends Point>(items: readonly T[], x: number, y: number): T[] {
  return items.map((item) => ({ ...item, x: item.x + x, y: item.y + y }));
}

function grown({ width, height }: Size, border: number): Size {
  return { width: width + 2 * border, height: height + 2 * border };
}

interface Drawn {
  readonly line: Line;
  readonly path: Path;
}

/** From border to border; those between the same two boxes side by side. */
function drawn(lines: readonly Line[], boxes: Layout["boxes"]): Drawn[] {
  const rects = new Map(boxes.map((rect) => [rect.box.id, rect]));
  const pairs = Map.groupBy(lines, ({ from, to }) => [from, to].sort().join(" "));
  return lines.flatMap((line) => {
    const [from, to] = [rects.get(line.from), rects.get(line.to)];
    if (from === undefined || to === undefined) return [];
    const pair = pairs.get([line.from, line.to].sort().join(" ")) ?? [];
    const side = (pair.indexOf(line) - (pair.length - 1) / 2) * (line.from < line.to ? 1 : -1);
    const [a, b] = [middle(from), middle(to)];
    const aside = across(a, b, side * SPREAD);
    const control = sum({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, aside);
    return [{ line, path: [border(from, sum(b, aside)), control, border(to, sum(a, aside))] as const }];
  });
}

function middle({ x, y, width, height }: Rect): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** So far to the side of the way from `a` to `b`. */
function across(a: Point, b: Point, far: number): Point {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  return { x: (far * (a.y - b.y)) / length, y: (far * (b.x - a.x)) / length };
}

function sum(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}

/** Where the way from the middle of a rectangle to a point outside leaves it. */
function border(rect: Rect, { x, y }: Point): Point {
  const from = middle(rect);
  const part = Math.min(
    rect.width / 2 / Math.abs(x - from.x || 1e-9),
    rect.height / 2 / Math.abs(y - from.y || 1e-9),
  );
  return { x: Math.round(from.x + part * (x - from.x)), y: Math.round(from.y + part * (y - from.y)) };
}

/** Where a text may stand on its line, best first. */
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8];

/** Texts go where they hide no box and no other text, if there is such a place. */
function labelled(
  lines: readonly Drawn[],
  isLabelled: (line: Line) => boolean,
  boxes: readonly Rect[],
): Layout["lines"] {
  const taken: Rect[] = [...boxes];
  return lines.map(({ line, path }) => {
    if (!isLabelled(line)) return { line, path };
    const text = labelOf(line);
    const places = PLACES.map((part) => around(pointOn(path, part), { width: textWidth(text), height: ROW }));
    const place = places.find((one) => !taken.some((other) => meet(one, other))) ?? places[0];
    if (place === undefined) return { line, path };
    taken.push(place);
    return { line, path, label: { ...place, text } };
  });
}

function pointOn([start, control, end]: Path, part: number): Point {
  const [a, b, c] = [(1 - part) ** 2, 2 * part * (1 - part), part ** 2];
  return { x: a * start.x + b * control.x + c * end.x, y: a * start.y + b * control.y + c * end.y };
}

function around({ x, y }: Point, { width, height }: Size): Rect {
  return { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height };
}
