import { trafficOf } from "../traffic/schema";
import { closest } from "./closest";
import { clusterName } from "./common";
import { isMap, list, map } from "./json";
import { type Problem, pathOf } from "./problems";
import type { Readable } from "./readable";

/** A name of a cluster, and where it stands. */
interface Reference {
  readonly path: readonly PropertyKey[];
  readonly name: string;
}

/** Every name of a cluster names one of this fleet, and no service names one twice. */
export function referenceRules(fleet: Readable): Problem[] {
  const isKnown = ({ name }: Reference) => fleet.clusterNames.has(name) || !isMap(fleet.raw.values.clusters);
  return [
    ...references(fleet)
      .filter((reference) => !isKnown(reference))
      .map((reference) => unknownCluster(fleet, reference)),
    ...fleet.services.flatMap(({ path, value }) => [
      ...listedAgain([...path, "in"], value.in),
      ...listedAgain([...path, "to"], value.to ?? []),
    ]),
  ];
}

function listedAgain(path: readonly PropertyKey[], names: readonly string[]): Problem[] {
  return names.flatMap((name, at) =>
    names.indexOf(name) === at
      ? []
      : [{ path: pathOf([...path, at]), problem: `lists ${name} again`, fix: "remove it here" }],
  );
}

/** Read from the file itself: other mistakes of a link or a service do not hide a wrong name. */
function references({ raw: { values } }: Readable): Reference[] {
  const topology = map(values.topology);
  const places: { path: readonly PropertyKey[]; name: unknown }[] = [
    { path: ["topology", "hub"], name: topology.hub },
    ...list(topology.bridges).flatMap((bridge, at) =>
      list(bridge).map((name, end) => ({ path: ["topology", "bridges", at, end], name })),
    ),
    ...list(topology.links).flatMap((link, at) =>
      ["source", "target"].map((end) => ({ path: ["topology", "links", at, end], name: map(link)[end] })),
    ),
    ...[["trust", "restart"], ["restart"]].flatMap((keys) =>
      list(map(keys.reduce<unknown>((at, key) => map(at)[key], values)).workloads).flatMap((workload, at) =>
        list(map(workload).in).map((name, place) => ({
          path: [...keys, "workloads", at, "in", place],
          name,
        })),
      ),
    ),
    ...list(map(values.access).generations).flatMap((access, at) =>
      ["target", "source"].map((end) => ({
        path: ["access", "generations", at, end],
        name: map(access)[end],
      })),
    ),
    ...list(values.services).flatMap((service, at) =>
      ["in", "to"].flatMap((key) =>
        list(map(service)[key]).map((name, place) => ({ path: ["services", at, key, place], name })),
      ),
    ),
    ...list(values.services).flatMap((service, at) =>
      list(map(service).allow).map((grant, place) => ({
        path: ["services", at, "allow", place, "cluster"],
        name: map(grant).cluster,
      })),
    ),
    ...list(values.services).flatMap((service, at) =>
      trafficOf<unknown>({ traffic: map(service).traffic }).flatMap(({ keys, entry }) => {
        const path = ["services", at, ...keys];
        return [
          ...list(map(entry).from).map((name, index) => ({ path: [...path, "from", index], name })),
          ...Object.keys(map(map(entry).weights)).map((name) => ({ path: [...path, "weights", name], name })),
        ];
      }),
    ),
  ];
  return places.flatMap(({ path, name }) => {
    const read = clusterName.safeParse(name);
    return read.success ? [{ path, name: read.data }] : [];
  });
}

function unknownCluster({ clusterNames }: Readable, { path, name }: Reference): Problem {
  const meant = closest(name, [...clusterNames]);
  return {
    path: pathOf(path),
    problem: "names no cluster of this fleet",
    fix: meant ? `did you mean ${meant}?` : "name one that stands under `clusters`, or add it there",
  };
}
