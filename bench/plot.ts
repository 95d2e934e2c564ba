import { escaped } from "../ops/graph/svg";
import type { Sample } from "./growth";

export interface Series {
  readonly name: string;
  readonly samples: readonly Sample[];
}

export interface Plot {
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly series: readonly Series[];
}

const [WIDTH, HEIGHT] = [560, 360];
const FRAME = { left: 64, right: 150, top: 40, bottom: 48 };
/** Told apart by people who do not see red and green as well. */
const COLOURS = ["#2563eb", "#d97706", "#7c3aed", "#0f766e", "#be123c"];

/** The beginning of a picture: its size, its letters and its title. */
export function headSvg(title: string, left: number, width: number, height: number): string[] {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    '<style>text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2937 } .title { font-weight: 600 } .grid { stroke: #e5e7eb }</style>',
    '<rect width="100%" height="100%" rx="8" fill="#fff"/>',
    `<text class="title" x="${left}" y="22">${escaped(title)}</text>`,
  ];
}

/** Series on two logarithmic axes, on which growth by a power is a straight line and its exponent the slope. */
export function plotSvg({ title, across, up, series }: Plot): string {
  const samples = series.flatMap((one) => one.samples);
  const x = axis(
    samples.map(({ size }) => size),
    FRAME.left,
    WIDTH - FRAME.right,
  );
  const y = axis(
    samples.map(({ value }) => value),
    HEIGHT - FRAME.bottom,
    FRAME.top,
  );
  const [right, bottom] = [WIDTH - FRAME.right, HEIGHT - FRAME.bottom];
  return [
    ...headSvg(title, FRAME.left, WIDTH, HEIGHT),
    ...x.ticks.map(
      ({ at, label }) =>
        `<path class="grid" d="M${at} ${FRAME.top}V${bottom}"/><text x="${at}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
    ),
    ...y.ticks.map(
      ({ at, label }) =>
        `<path class="grid" d="M${FRAME.left} ${at}H${right}"/><text x="${FRAME.left - 6}" y="${at + 4}" text-anchor="end">${label}</text>`,
    ),
    `<text x="${(FRAME.left + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(across)}</text>`,
    `<text x="16" y="${(FRAME.top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 ${(FRAME.top + bottom) / 2})">${escaped(up)}</text>`,
    ...series.map((one, index) => {
      const colour = COLOURS[index % COLOURS.length];
      const points = one.samples.map(({ size, value }) => [x.at(size), y.at(value)]);
      return (
        `<polyline points="${points.map((point) => point.join(",")).join(" ")}" fill="none" stroke="${colour}" stroke-width="1.6"/>` +
        points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.2" fill="${colour}"/>`).join("") +
        `<path d="M${right + 14} ${FRAME.top + 12 + index * 20}h18" stroke="${colour}" stroke-width="3"/>` +
        `<text x="${right + 38}" y="${FRAME.top + 16 + index * 20}">${escaped(one.name)}</text>`
      );
    }),
    "</svg>\n",
  ].join("\n");
}

/** A logarithmic axis from `start` to `end`, with ticks at 1, 3, 10, 30, … around the values. */
function axis(values: readonly number[], start: number, end: number) {
  const steps = Array.from(
    { length: 28 },
    (_, at) => (at % 2 === 0 ? 1 : 3) * 10 ** (Math.floor(at / 2) - 4),
  );
  const first = Math.max(
    0,
    steps.findLastIndex((step) => step <= Math.min(...values)),
  );
  const last = steps.findIndex((step) => step >= Math.max(...values));
  const shown = steps.slice(first, Math.max(last, first + 1) + 1);
  const [low, high] = [Math.log(shown[0] ?? 1), Math.log(shown.at(-1) ?? 10)];
  const at = (value: number) => Math.round(start + ((Math.log(value) - low) / (high - low)) * (end - start));
  return { at, ticks: shown.map((step) => ({ at: at(step), label: String(Number(step.toPrecision(1))) })) };
}
