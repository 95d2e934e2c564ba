import { type Problem, pathOf } from "../../problems";
import { closest } from "../closest";
import type { Readable } from "../readable";

/** Every name of a cluster names one of this fleet, and no list names one twice. */
export function referenceRules(fleet: Readable): Problem[] {
  const { topology, bridges, links, services } = fleet;
  const names: { path: readonly PropertyKey[]; name: string }[] = [
    ...(topology?.kind === "hub" ? [{ path: ["topology", "hub"], name: topology.hub }] : []),
    ...bridges.flatMap(({ path, value }) => value.map((name, at) => ({ path: [...path, at], name }))),
    ...links.flatMap(({ path, value }) => [
      { path: [...path, "source"], name: value.source },
      { path: [...path, "target"], name: value.target },
    ]),
    ...services.flatMap(({ path, value }) =>
      value.in.map((name, at) => ({ path: [...path, "in", at], name })),
    ),
  ];
  return [
    ...names
      .filter(({ name }) => !fleet.clusterNames.has(name))
      .map((of) => unknownCluster(fleet, of.path, of.name)),
    ...services.flatMap(({ path, value }) =>
      value.in.flatMap((name, at) =>
        value.in.indexOf(name) === at
          ? []
          : [{ path: pathOf([...path, "in", at]), problem: `lists ${name} again`, fix: "remove it here" }],
      ),
    ),
  ];
}

function unknownCluster(fleet: Readable, path: readonly PropertyKey[], name: string): Problem {
  const meant = closest(name, [...fleet.clusterNames]);
  return {
    path: pathOf(path),
    problem: "names no cluster of this fleet",
    fix: meant ? `did you mean ${meant}?` : "name one that stands under `clusters`, or add it there",
  };
}
