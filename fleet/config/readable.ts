import type { z } from "zod";
import { type AccessGeneration, accessGeneration } from "../access/schema";
import { type ClusterConfig, clusterConfig } from "../clusters/schema";
import { type ServiceConfig, serviceConfig } from "../exports/schema";
import { type LinkerdConfig, linkerdConfig } from "../linkerd/schema";
import { type RestartConfig, restartConfig } from "../restart/schema";
import { type LinkPlan, planLinks } from "../topology/plan";
import { bridgeConfig, type LinkConfig, linkConfig, type TopologyConfig } from "../topology/schema";
import { type AnchorConfig, anchorConfig, type TrustConfig, trustConfig } from "../trust/schema";
import { fleetConfig } from "./fleetConfig";
import { isMap, list, map } from "./json";
import { explain, problemsOf } from "./messages";
import { type Problem, pathOf, within } from "./problems";
import { readSound } from "./prune";

/** All configuration of the project, as it stands in the stack file. */
export interface RawConfig {
  /** Keys without the project's name, with their values; the structured ones parsed from JSON. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys that are stored encrypted. */
  readonly secretKeys: ReadonlySet<string>;
  /** The stack that is deployed, as far as it is known. Absent: the whole fleet is looked at. */
  readonly stack?: string;
  /** Problems found before the values could be read. */
  readonly problems?: readonly Problem[];
  /** The file of the shared sections could not be read: none of them is missing. */
  readonly isUnread?: true;
}

/** A part that could be read, and where it stands. */
export interface Entry<T> {
  readonly path: readonly PropertyKey[];
  readonly value: T;
}

/**
 * The readable part of a stack file. Sections, clusters, links, bridges, services and anchors are read one by one,
 * each as far as it is sound. One mistake hides neither other mistakes nor conflicts between settings.
 */
export interface Readable {
  readonly raw: RawConfig;
  readonly linkerd: LinkerdConfig | undefined;
  readonly trust: Omit<TrustConfig, "anchors"> | undefined;
  readonly anchors: readonly Entry<AnchorConfig>[];
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
  /** Also the names of clusters that could not be read: referring to one is no mistake. */
  readonly clusterNames: ReadonlySet<string>;
  /** Without its links and bridges. */
  readonly topology: TopologyConfig | undefined;
  readonly bridges: readonly Entry<readonly [string, string]>[];
  readonly links: readonly Entry<LinkConfig>[];
  /** The links that these make. */
  readonly planned: readonly LinkPlan[];
  readonly generations: readonly Entry<AccessGeneration>[];
  readonly services: readonly Entry<ServiceConfig>[];
  readonly restart: RestartConfig | undefined;
  readonly problems: readonly Problem[];
  /**
   * Whether something at or below a place, or the whole around it, could not be read: that it is absent says nothing.
   */
  readonly isUnread: (path: readonly PropertyKey[]) => boolean;
}

/** `told`: what is known already to be wrong with the file. */
export function readConfig(raw: RawConfig, told: readonly Problem[] = []): Readable {
  const problems: Problem[] = [];
  function read<T>(
    schema: z.ZodType<T>,
    value: unknown,
    path: readonly PropertyKey[],
    standIns?: Readonly<Record<string, unknown>>,
  ): T | undefined {
    const parsed = schema.safeParse(value, { error: explain });
    if (parsed.success) return parsed.data;
    problems.push(...problemsOf(parsed, path));
    return readSound(schema, value, standIns);
  }
  function readList<T>(
    schema: z.ZodType<T>,
    values: unknown,
    path: readonly PropertyKey[],
    standIns?: (at: number) => Readonly<Record<string, unknown>>,
  ): Entry<T>[] {
    return list(values).flatMap((value, at) => {
      const entry = read(schema, value, [...path, at], standIns?.(at));
      return entry === undefined ? [] : [{ path: [...path, at], value: entry }];
    });
  }

  const { linkerd, trust, clusters, topology, access, services, restart } = raw.values;
  const { anchors, ...trustRest } = map(trust);
  const { links, bridges, ...topologyRest } = map(topology);
  const readableClusters = Object.entries(map(clusters)).flatMap(([name, value]) => {
    const cluster = read(clusterConfig, value, ["clusters", name], { apiServer: "https://unknown" });
    return cluster ? [[name, cluster] as const] : [];
  });
  const readClusters = new Map(readableClusters);
  const readTopology = read(fleetConfig.shape.topology, isMap(topology) ? topologyRest : topology, [
    "topology",
  ]);
  const readBridges = readList(bridgeConfig, bridges, ["topology", "bridges"]);
  const readLinks = readList(linkConfig, links, ["topology", "links"]);
  return {
    raw,
    linkerd: read(linkerdConfig, linkerd, ["linkerd"], { version: "0.0.0" }),
    trust: read(trustConfig.omit({ anchors: true }), trustRest, ["trust"]),
    anchors: readList(anchorConfig, anchors, ["trust", "anchors"], (at) => ({
      id: `unknown-${at}`,
      state: "staged",
    })),
    clusters: readClusters,
    clusterNames: new Set(Object.keys(map(clusters))),
    topology: readTopology,
    bridges: readBridges,
    links: readLinks,
    planned: plannedLinks(readTopology, readLinks, readBridges, readClusters),
    generations: readList(accessGeneration, map(access).generations, ["access", "generations"], () => ({
      generation: 1,
    })),
    services: readList(serviceConfig, services, ["services"], (at) => ({
      name: `unknown-${at}`,
      namespace: `unknown-${at}`,
    })),
    restart: restart === undefined ? undefined : read(restartConfig, restart, ["restart"]),
    problems,
    isUnread(keys) {
      const path = pathOf(keys);
      return [...told, ...problems].some((other) => within(path, other.path) || within(other.path, path));
    },
  };
}

function plannedLinks(
  topology: Readable["topology"],
  links: Readable["links"],
  bridges: Readable["bridges"],
  clusters: Readable["clusters"],
): LinkPlan[] {
  if (!topology) return [];
  const listed = links.map(({ value }) => value);
  const known = Object.fromEntries(clusters);
  return topology.kind === "islands"
    ? planLinks({ ...topology, links: listed, bridges: bridges.map(({ value: [a, b] }) => [a, b]) }, known)
    : planLinks({ ...topology, links: listed }, known);
}
