import type { NamedClusters } from "../../fleet/exports/named";
import type { Mark } from "./marks";
import type { View } from "./view";

/** What a picture shows of a cluster, and no more: the rest is no change of it. */
export interface Cluster {
  readonly name: string;
  readonly region: string | undefined;
  readonly version: string;
  readonly gateway: string;
}
export type Link = View["links"][number] & {
  /** Of the source's access to the target. */
  readonly generation: number;
};
export interface Export {
  readonly cluster: string;
  readonly service: string;
  readonly modes: readonly string[];
  readonly to?: NamedClusters<string>;
  readonly callers: readonly string[];
  readonly audited: boolean;
}
export interface Marked<T> {
  /** As it was, if it was there. */
  readonly was: T | undefined;
  /** As it is after the change, or as it was where it is gone. */
  readonly it: T;
  readonly mark: Mark;
}
export interface Parts {
  readonly clusters: readonly Marked<Cluster>[];
  readonly links: readonly Marked<Link>[];
  readonly exports: readonly Marked<Export>[];
}

/** All parts of both views, each with what has become of it. */
export function changes(before: View, after: View): Parts {
  return {
    clusters: compare(clustersOf(before), clustersOf(after), ({ name }) => name),
    links: compare(linksOf(before), linksOf(after), ({ source, target }) => `${source} ${target}`),
    exports: compare(exportsOf(before), exportsOf(after), (it) => `${it.cluster} ${it.service}`),
  };
}

function clustersOf({ clusters }: View): Cluster[] {
  return Object.entries(clusters).map(([name, { region, version, gateway }]) => ({
    name,
    region,
    version,
    gateway: gateway.type,
  }));
}

function linksOf({ links, accesses }: View): Link[] {
  const generations = new Map(
    accesses.map(({ source, target, generation }) => [`${source} ${target}`, generation]),
  );
  // Deployments from before there were generations say nothing of the first.
  return links.map((link) => ({
    ...link,
    generation: generations.get(`${link.source} ${link.target}`) ?? 1,
  }));
}

function exportsOf({ services }: View): Export[] {
  return services.flatMap(({ namespace, name, modes, to, callers, clusters, audited = [] }) =>
    clusters.map((cluster) => ({
      ...{ cluster, service: `${namespace}/${name}`, modes, callers },
      ...(to ? { to } : {}),
      audited: audited.includes(cluster),
    })),
  );
}

/** Everything of both, in the order of the keys. */
function compare<T>(before: readonly T[], after: readonly T[], key: (it: T) => string): Marked<T>[] {
  const was = new Map(before.map((it) => [key(it), it]));
  const is = new Map(after.map((it) => [key(it), it]));
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((one): Marked<T>[] => {
    const [old, now] = [was.get(one), is.get(one)];
    if (now === undefined) return old === undefined ? [] : [{ was: old, it: old, mark: "removed" }];
    if (old === undefined) return [{ was: undefined, it: now, mark: "added" }];
    return [{ was: old, it: now, mark: JSON.stringify(old) === JSON.stringify(now) ? "same" : "changed" }];
  });
}

/** One mark for several parts. */
export function together(parts: readonly { readonly mark: Mark }[]): Mark {
  const [first, ...others] = new Set(parts.map(({ mark }) => mark));
  return others.length === 0 ? (first ?? "same") : "changed";
}
