import type { ClusterConfig } from "../clusters/schema";
import { type Mode, mode } from "../config/common";
import type { ServiceName } from "../config/names";
import { DEFAULT_EXCLUDED_ANNOTATIONS, DEFAULT_EXCLUDED_LABELS } from "../links/excludes";
import type { LinkConfig, TopologyConfig } from "./schema";

/** A link of the fleet: `source` mirrors services of `target`. */
export interface LinkPlan extends Excludes {
  readonly source: string;
  readonly target: string;
  /** Modes that the link carries, in the order gateway, flat, federated. */
  readonly modes: readonly Mode[];
  readonly state: "active" | "draining";
  /** By mode: services that it selects by name, besides those that cross to every linked cluster. Absent: none. */
  readonly selects?: Readonly<Partial<Record<Mode, readonly ServiceName[]>>>;
}

/** The properties of a cluster that the topology needs. */
export type TopologyCluster = Pick<ClusterConfig, "region" | "network"> &
  Partial<Pick<ClusterConfig, "state">> & {
    readonly gateway: Pick<ClusterConfig["gateway"], "type">;
  };

type Pair = readonly [source: string, target: string];

/** Metadata that no link of the fleet copies to mirror services. */
export interface Excludes {
  readonly excludedLabels: readonly string[];
  readonly excludedAnnotations: readonly string[];
}

/** The default excludes and those of the topology. */
export function fleetExcludes(topology: Excludes): Excludes {
  return {
    excludedLabels: union(DEFAULT_EXCLUDED_LABELS, topology.excludedLabels),
    excludedAnnotations: union(DEFAULT_EXCLUDED_ANNOTATIONS, topology.excludedAnnotations),
  };
}

/** Every link of the fleet, in the order of source and target names. */
export function planLinks(
  topology: TopologyConfig,
  clusters: Readonly<Record<string, TopologyCluster>>,
): LinkPlan[] {
  const names = Object.keys(clusters).sort();
  const settings = new Map<string, Map<string, LinkConfig>>();
  const pairs = new Map<string, Set<string>>(names.map((name) => [name, new Set<string>()]));
  for (const [source, target] of pairsOfKind(topology, names, clusters)) pairs.get(source)?.add(target);
  for (const link of topology.links) {
    pairs.get(link.source)?.add(link.target);
    const ofSource = settings.get(link.source) ?? new Map<string, LinkConfig>();
    settings.set(link.source, ofSource.set(link.target, link));
  }

  // Excludes and modes are shared between links: a mesh of 300 clusters has 89,700 of them.
  const common = fleetExcludes(topology);
  const links: LinkPlan[] = [];
  for (const source of names) {
    for (const target of names) {
      const targetCluster = clusters[target];
      const sourceCluster = clusters[source];
      if (!pairs.get(source)?.has(target) || !sourceCluster || !targetCluster) continue;
      const link = settings.get(source)?.get(target);
      links.push({
        source,
        target,
        modes: link?.modes ? orderModes(link.modes) : defaultModes(sourceCluster, targetCluster),
        state: [link, sourceCluster, targetCluster].some((part) => part?.state === "draining")
          ? "draining"
          : "active",
        excludedLabels: union(common.excludedLabels, link?.excludedLabels ?? []),
        excludedAnnotations: union(common.excludedAnnotations, link?.excludedAnnotations ?? []),
      });
    }
  }
  return links;
}

/** Whether pods of both clusters reach each other without a gateway. */
export function shareNetwork(a: TopologyCluster, b: TopologyCluster): boolean {
  return a.network !== undefined && a.network === b.network;
}

function pairsOfKind(
  topology: TopologyConfig,
  names: readonly string[],
  clusters: Readonly<Record<string, TopologyCluster>>,
): Pair[] {
  switch (topology.kind) {
    case "mesh":
      return meshOf(names);
    case "hub":
      return names.filter((name) => name !== topology.hub).flatMap((name) => bothWays(name, topology.hub));
    case "islands": {
      const regions = Map.groupBy(names, (name) => clusters[name]?.region);
      return [
        ...[...regions.values()].flatMap(meshOf),
        ...topology.bridges.flatMap(([a, b]) => bothWays(a, b)),
      ];
    }
    case "links":
      return [];
  }
}

function meshOf(names: readonly string[]): Pair[] {
  return names.flatMap((source) =>
    names.filter((target) => target !== source).map((target): Pair => [source, target]),
  );
}

function bothWays(a: string, b: string): Pair[] {
  return [
    [a, b],
    [b, a],
  ];
}

const MODE_SETS = new Map<string, readonly Mode[]>();

/** One shared array for each of the eight possible sets. */
export function orderModes(modes: readonly Mode[]): readonly Mode[] {
  const ordered = mode.options.filter((one) => modes.includes(one));
  const key = ordered.join();
  const known = MODE_SETS.get(key);
  if (known) return known;
  MODE_SETS.set(key, ordered);
  return ordered;
}

function defaultModes(source: TopologyCluster, target: TopologyCluster): readonly Mode[] {
  const pods: Mode[] = shareNetwork(source, target) ? ["flat", "federated"] : [];
  return orderModes(target.gateway.type === "none" ? pods : ["gateway", ...pods]);
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])].sort();
}
