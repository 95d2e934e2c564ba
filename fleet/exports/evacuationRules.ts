import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { answers } from "../traffic/plan";
import { isNamed } from "./named";
import type { ServiceConfig } from "./schema";

/** Evacuation is not told from within: callers of a service without members get errors, or no such name. */
export function lastMembers(fleet: Readable): Problem[] {
  return exportedServices(fleet).flatMap(({ title, members }) => {
    if (stays(fleet, members)) return [];
    return members
      .filter((name) => fleet.clusters.get(name)?.evacuate)
      .map((name) => ({
        path: pathOf(["clusters", name, "evacuate"]),
        problem: `leaves the service ${title} with no member`,
        fix: "let another cluster export it first, or remove the service: then it is gone on purpose",
      }));
  });
}

/**
 * Evacuations that take the last member that a cluster is linked to, though others have more. Only to be asked when
 * all links are known. A refusal, no warning: who means it says so with `state: draining` of that link, which is not
 * asked about, as nothing is that crosses no more. An evacuated cluster's own calls to its own members are its own
 * affair.
 */
export function lostTargets(fleet: Readable): Problem[] {
  const evacuated = new Set([...fleet.clusters].flatMap(([name, { evacuate }]) => (evacuate ? [name] : [])));
  if (evacuated.size === 0) return [];
  const clusters = Object.fromEntries(fleet.clusters);
  const incoming = Map.groupBy(
    fleet.planned.filter(({ state }) => state === "active"),
    ({ target }) => target,
  );
  return exportedServices(fleet).flatMap(({ title, members, mode, to }) => {
    if (!stays(fleet, members)) return [];
    const links = members
      .flatMap((name) => incoming.get(name) ?? [])
      .filter(({ source, target, modes }) => modes.includes(mode) && isNamed(to.get(target), source));
    const bereft = [...Map.groupBy(links, ({ source }) => source)].filter(
      ([source, out]) => !members.some((member) => answers(clusters, out, { mode }, { source, member })),
    );
    const lost = bereft.flatMap(([source, out]) => out.map(({ target }) => ({ source, target })));
    return [...Map.groupBy(lost, ({ target }) => target)].map(([target, of]) => ({
      path: pathOf(["clusters", target, "evacuate"]),
      problem: `leaves callers in ${of.map(({ source }) => source).join(", ")} with nobody who serves ${title}`,
      fix:
        "let another cluster that they are linked to export it first, link them to one that does, " +
        "or give these links `state: draining`: then they lose it on purpose",
    }));
  });
}

interface Exported extends Pick<ServiceConfig, "mode"> {
  readonly title: string;
  readonly members: readonly string[];
  /** By member, where it is so: the only clusters that see it. */
  readonly to: ReadonlyMap<string, readonly string[]>;
}

/** By name and mode. None while some cluster cannot be read: it may be the one that serves. */
function exportedServices({ clusters, clusterNames, services }: Readable): Exported[] {
  if (clusters.size < clusterNames.size) return [];
  const groups = Map.groupBy(
    services.map(({ value }) => value),
    ({ namespace, name, mode }) => `${namespace}/${name} (${mode})`,
  );
  return [...groups].flatMap(([title, entries]) =>
    entries.slice(0, 1).map(({ mode }) => ({
      ...{ title, mode },
      members: [...new Set(entries.flatMap((entry) => entry.in))],
      to: new Map(entries.flatMap((of) => (of.to ? of.in.map((name) => [name, of.to ?? []] as const) : []))),
    })),
  );
}

/** Whether some member goes on serving. */
function stays({ clusters }: Readable, members: readonly string[]): boolean {
  return members.some((name) => {
    const cluster = clusters.get(name);
    return cluster !== undefined && !cluster.evacuate && cluster.state === "active";
  });
}
