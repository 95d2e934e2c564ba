import { escaped } from "../ops/graph/svg";
import { headSvg } from "./plot";
import type { Of } from "./result";

const [LEFT, WIDTH, ROW, TOP] = [380, 900, 20, 44];

/** Steps as bars over the seconds of a run, one in each row. */
export function timelineSvg(title: string, steps: Of<"trace">["steps"]): string {
  const end = Math.max(1, ...steps.map(({ to }) => to));
  const height = TOP + steps.length * ROW + 28;
  const x = (seconds: number) => Math.round(LEFT + (seconds / end) * (WIDTH - LEFT - 60));
  const every = [1, 2, 5, 10, 20, 60].find((seconds) => end / seconds <= 10) ?? 300;
  const ticks = Array.from({ length: Math.floor(end / every) + 1 }, (_, index) => index * every);
  return [
    ...headSvg(title, 16, WIDTH, height),
    ...ticks.map(
      (seconds) =>
        `<path class="grid" d="M${x(seconds)} ${TOP - 8}V${height - 22}"/><text x="${x(seconds)}" y="${height - 8}" text-anchor="middle">${seconds} s</text>`,
    ),
    ...steps.map(({ what, from, to }, row) => {
      const y = TOP + row * ROW;
      return `<text x="${LEFT - 10}" y="${y + 11}" text-anchor="end">${escaped(what)}</text><rect x="${x(from)}" y="${y}" width="${Math.max(2, x(to) - x(from))}" height="14" rx="2" fill="#2563eb"/><text x="${x(to) + 6}" y="${y + 11}">${Math.round((to - from) * 10) / 10}</text>`;
    }),
    "</svg>\n",
  ].join("\n");
}
