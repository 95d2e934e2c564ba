import { GATEWAY_NAME, linkName, MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import { type Mark, SIGNS } from "./marks";
import type { Box, DrawnService, Line } from "./picture";

/** What a change is drawn in. */
export const COLOURS: Readonly<
  Record<Exclude<Mark, "same">, { readonly fill: string; readonly stroke: string; readonly color: string }>
> = {
  added: { fill: "#dcfce7", stroke: "#15803d", color: "#14532d" },
  removed: { fill: "#fee2e2", stroke: "#b91c1c", color: "#7f1d1d" },
  changed: { fill: "#fef3c7", stroke: "#b45309", color: "#78350f" },
};

/** A line of text in a box. */
export interface Row {
  readonly kind: "title" | "fact" | "service";
  readonly text: string;
  readonly mark: Mark;
  /** The service it tells of. */
  readonly service?: string;
}

/** The most services of a box that are named in it; those that change come first. */
const MOST_SERVICES = 4;

export function rowsOf(box: Box): Row[] {
  const ordered = [...box.services].sort((a, b) => Number(a.mark === "same") - Number(b.mark === "same"));
  const more = ordered.length - MOST_SERVICES;
  return [
    {
      kind: "title",
      text: `${SIGNS[box.mark]}${box.title}${box.draining ? " (draining)" : ""}`,
      mark: box.mark,
    },
    { kind: "fact", text: box.facts.join(", "), mark: "same" },
    ...ordered.slice(0, MOST_SERVICES).map((crossing): Row => {
      const { service, mark, callers, audited } = crossing;
      const who = `${shortCallers(callers)}${audited ? ", audited: anyone else" : ""}`;
      return { kind: "service", text: `${serviceText(crossing)} ← ${who}`, mark, service };
    }),
    ...(more > 0 ? [{ kind: "fact", text: `and ${more} more services`, mark: "same" } as const] : []),
  ];
}

export function labelOf({ links, modes, mark, draining, rotated }: Line): string {
  const what = links.length > 2 ? `${links.length} links` : modes.join(", ");
  return `${SIGNS[mark]}${draining ? "draining" : what}${rotated ? ", access rotated" : ""}`;
}

/** A box whose services change is marked as well. */
export function markOf({ mark, services }: Box): Mark {
  return mark === "same" && services.some((service) => service.mark !== "same") ? "changed" : mark;
}

/** Everything that is known of a box, a line each. */
export function boxDetails(box: Box): string[] {
  return [
    ...rowsOf({ ...box, services: [] }).map(({ text }) => text),
    ...(box.clusters.length > 1 ? [box.clusters.join(", ")] : []),
    ...box.services.flatMap((crossing) => [
      serviceText(crossing),
      ...(crossing.callers.length > 0 ? crossing.callers : ["nobody of another cluster"]).map(
        (caller) => `  ← ${caller}`,
      ),
      ...(crossing.audited ? ["  ← anyone else, audited"] : []),
    ]),
  ];
}

/** Everything that is known of a line, a line each. */
export function lineDetails(line: Line): string[] {
  const state = line.draining ? "draining" : "active";
  return [
    ...line.links.map((link) => `${SIGNS[line.mark]}${linkName(link)}`),
    `${line.modes.join(", ")}, ${state}`,
    ...(line.rotated ? ["access rotated"] : []),
    ...line.services,
  ];
}

function serviceText({ service, modes, to, mark }: DrawnService): string {
  const words = modes.map((mode) => (to?.[mode] ? `${mode} to ${to[mode].join(" and ")}` : mode));
  return `${SIGNS[mark]}${service} (${words.join(", ")})`;
}

/** The most callers that are named beside a service. */
const MOST_CALLERS = 2;

/** `web.shop` for a ServiceAccount, in whichever trust domain. */
function shortCallers(callers: readonly string[]): string {
  const short = [...new Set(callers.map(shortCaller))];
  if (short.length === 0) return "nobody";
  const more = short.length - MOST_CALLERS;
  return [...short.slice(0, MOST_CALLERS), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function shortCaller(identity: string): string {
  if (identity === "*") return "anyone in the mesh";
  const name = identity.replace(/\.serviceaccount\.identity\..*$/, "");
  return name === `${GATEWAY_NAME}.${MULTICLUSTER_NAMESPACE}` ? "the gateway" : name;
}
