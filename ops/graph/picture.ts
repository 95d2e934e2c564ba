import { crossingModes, type NamedClusters } from "../../fleet/exports/named";
import { type Cluster, changes, type Export, type Link, type Marked, type Parts, together } from "./changes";
import { type Mark, SIGNS } from "./marks";
import type { View } from "./view";

/** What is drawn, whatever draws it: boxes, in groups, and lines between them. */
export interface Picture {
  readonly groups: readonly Group[];
  readonly lines: readonly Line[];
  /** `<namespace>/<name>` of every service that crosses. */
  readonly services: readonly string[];
  readonly clusters: number;
  readonly links: number;
}

/** The clusters of one region. */
export interface Group {
  /** `undefined`: needs no frame of its own. */
  readonly region: string | undefined;
  readonly boxes: readonly Box[];
}

/** One cluster, or several that are folded into one. */
export interface Box {
  readonly id: string;
  readonly title: string;
  readonly facts: readonly string[];
  readonly services: readonly DrawnService[];
  readonly mark: Mark;
  readonly draining: boolean;
  readonly clusters: readonly string[];
}

/** A service that crosses from a box. */
export interface DrawnService {
  readonly service: string;
  readonly modes: readonly string[];
  /** By mode: the only clusters that see it. Absent: every linked one. */
  readonly to?: NamedClusters<string>;
  /** Mesh identities that may call it; empty where nobody of another cluster may. */
  readonly callers: readonly string[];
  /** Some cluster of the box audits it: it lets in everybody. */
  readonly audited: boolean;
  readonly mark: Mark;
}

/** The links between two boxes that are alike. */
export interface Line {
  readonly from: string;
  readonly to: string;
  /** Whether there are links in the other direction as well. */
  readonly back: boolean;
  readonly modes: readonly string[];
  readonly draining: boolean;
  /** Whether the accesses of these links are given another generation. */
  readonly rotated: boolean;
  readonly mark: Mark;
  readonly links: readonly { readonly source: string; readonly target: string }[];
  /** Services that may cross here. */
  readonly services: readonly string[];
}

/** More boxes than this cannot be read side by side; regions, with fewer lines between them, can. */
const MOST_CLUSTERS = 12;
const MOST_BOXES = 24;

/** Draws a fleet; with `before`, also what has changed since then, and what is gone. */
export function draw(after: View, before: View = after): Picture {
  const parts = changes(before, after);
  const { clusters, exports } = parts;
  const fold = folding(parts);
  const members = Map.groupBy(clusters, fold);
  const boxes = [...members].map(([id, of]) => ({ id, of, box: boxOf(id, of, parts) }));
  const unfolded = members.size === clusters.length;
  const regions = Map.groupBy(boxes, ({ id, of }) => (unfolded ? (of[0]?.it.region ?? `${id} alone`) : id));
  return {
    groups: [...regions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([region, inside]) =>
        inside.length > 1
          ? { region, boxes: inside.map(({ box }) => box) }
          : { region: undefined, boxes: inside.map(({ box, of }) => withRegion(box, of[0]?.it)) },
      ),
    lines: linesOf(parts, new Map(clusters.map((cluster) => [cluster.it.name, fold(cluster)])), unfolded),
    services: [...new Set(exports.map(({ it }) => it.service))].sort(),
    clusters: clusters.filter(({ mark }) => mark !== "removed").length,
    links: after.links.length,
  };
}

type Folding = (cluster: Marked<Cluster>) => string;

const OTHERS = "other clusters";

/**
 * Which box a cluster is drawn in: the most detailed choice that can still be read. Of too many regions, those that
 * change keep a box of their own, and where nothing changes the largest.
 */
function folding({ clusters, links, exports }: Parts): Folding {
  const regions = Map.groupBy(clusters, ({ it }) => it.region ?? "no region");
  const single: Folding = ({ it }) => it.name;
  // No cluster's name holds a space.
  const byRegion: Folding = ({ it: { name, region = "no region" } }) =>
    regions.get(region)?.length === 1 ? name : `region ${region}`;
  const differs = ({ mark }: { mark: Mark }) => mark !== "same";
  const moved = new Set(clusters.filter(differs).map(({ it }) => it.name));
  const touched = new Set([
    ...moved,
    ...exports.filter(differs).map(({ it }) => it.cluster),
    // The links of an added cluster lead everywhere.
    ...links
      .filter(differs)
      .flatMap(({ it: { source, target } }) =>
        moved.has(source) || moved.has(target) ? [] : [source, target],
      ),
  ]);
  const changing = clusters.filter(({ it }) => touched.has(it.name)).map(byRegion);
  const bySize = [...regions.values()]
    .sort((a, b) => b.length - a.length)
    .map(([first]) => first && byRegion(first));
  const kept = new Set([...new Set(changing.length > 0 ? changing : bySize)].slice(0, MOST_BOXES - 1));
  const byInterest: Folding = (cluster) => (kept.has(byRegion(cluster)) ? byRegion(cluster) : OTHERS);
  if (clusters.length <= MOST_CLUSTERS) return single;
  return regions.size <= MOST_BOXES ? byRegion : byInterest;
}

function boxOf(id: string, members: readonly Marked<Cluster>[], { links, exports }: Parts): Box {
  const names = new Set(members.map(({ it }) => it.name));
  const own = Map.groupBy(
    exports.filter(({ it }) => names.has(it.cluster)),
    ({ it }) => it.service,
  );
  const touching = links.filter(({ it }) => names.has(it.source) || names.has(it.target));
  const inside = links.filter(({ it }) => names.has(it.source) && names.has(it.target));
  const [only, ...more] = members;
  return {
    id,
    ...(only && more.length === 0 ? oneCluster(only.it) : severalClusters(id, members, inside.length)),
    services: [...own].map(([service, crossing]) => ({
      service,
      modes: union(crossing.map(({ it }) => it.modes)),
      ...namedBy(crossing.map(({ it }) => it)),
      callers: union(crossing.map(({ it }) => it.callers)),
      audited: crossing.some(({ it }) => it.audited),
      mark: together(crossing),
    })),
    mark: together(members),
    draining: touching.length > 0 && touching.every(({ it }) => it.state === "draining"),
    clusters: [...names],
  };
}

const GATEWAYS: Readonly<Record<string, string>> = {
  loadBalancer: "load balancer",
  nodePort: "node port",
  static: "fixed address",
  none: "no gateway",
};

function oneCluster({ name, version, gateway }: Cluster): Pick<Box, "title" | "facts"> {
  return { title: name, facts: [version, GATEWAYS[gateway] ?? gateway] };
}

/** Where no frame says it. */
function withRegion(box: Box, cluster: Cluster | undefined): Box {
  const region = cluster?.region;
  if (region === undefined || region === box.title || box.clusters.length > 1) return box;
  return { ...box, facts: [region, ...box.facts] };
}

/** The most members of a folded box that are told to change. */
const MOST_CHANGES = 3;

function severalClusters(
  id: string,
  members: readonly Marked<Cluster>[],
  links: number,
): Pick<Box, "title" | "facts"> {
  const changes = members
    .filter(({ mark }) => mark !== "same")
    .map(({ it, mark }) => `${SIGNS[mark]}${it.name}`);
  const more = changes.length > MOST_CHANGES ? [`and ${changes.length - MOST_CHANGES} more`] : [];
  return {
    title: id.replace(/^region /, ""),
    facts: [
      `${members.length} clusters`,
      ...(links > 0 ? [`${links} links among them`] : []),
      ...changes.slice(0, MOST_CHANGES),
      ...more,
    ],
  };
}

/** `boxes`: the box of each cluster. Lines between single clusters differ by modes, those between regions do not. */
function linesOf({ links, exports }: Parts, boxes: ReadonlyMap<string, string>, unfolded: boolean): Line[] {
  const crossing = Map.groupBy(exports, ({ it }) => it.cluster);
  const between = links.filter(({ it }) => boxes.get(it.source) !== boxes.get(it.target));
  const isRotated = ({ was, it }: Marked<Link>) => was !== undefined && was.generation !== it.generation;
  const alike = Map.groupBy(between, (link) => {
    const { source, target, modes, state } = link.it;
    const ends = [boxes.get(source), boxes.get(target)].sort();
    return JSON.stringify([ends, link.mark, isRotated(link), state, unfolded ? modes : ""]);
  });
  return [...alike.values()].flatMap((group): Line[] => {
    const [first] = group;
    const [from, to] = [boxes.get(first?.it.source ?? ""), boxes.get(first?.it.target ?? "")];
    if (first === undefined || from === undefined || to === undefined) return [];
    const services = group.flatMap(({ it: link }) =>
      (crossing.get(link.target) ?? []).filter(({ it }) => crossingModes(it, link).length > 0),
    );
    return [
      {
        from,
        to,
        back: group.some(({ it }) => boxes.get(it.target) === from),
        modes: union(group.map(({ it }) => it.modes)),
        draining: first.it.state === "draining",
        rotated: isRotated(first),
        mark: first.mark,
        links: group.map(({ it: { source, target } }) => ({ source, target })),
        services: [...new Set(services.map(({ it }) => it.service))].sort(),
      },
    ];
  });
}

/** Of several clusters in one box: where each names clusters for a mode, all that one of them names. */
function namedBy(exports: readonly Export[]): Pick<DrawnService, "to"> {
  const modes = union(exports.map(({ modes }) => modes)).flatMap((mode) => {
    const lists = exports.filter((one) => one.modes.includes(mode)).map(({ to }) => to?.[mode]);
    return lists.every((to) => to !== undefined) ? [[mode, union(lists).sort()] as const] : [];
  });
  return modes.length > 0 ? { to: Object.fromEntries(modes) } : {};
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
