import { isNamed } from "../exports/named";
import type { Mode } from "./common";
import { FEDERATED_SUFFIX, MAX_LABEL, mirrorServiceName } from "./names";
import { type Problem, pathOf } from "./problems";
import type { Readable } from "./readable";

/** The Services that Linkerd makes have valid names, and no two have the same. */
export function nameRules(fleet: Readable): Problem[] {
  return [...tooLong(fleet), ...collisions(fleet)];
}

function tooLong({ services }: Readable): Problem[] {
  return services.flatMap(({ path, value: { name, mode, in: clusters } }) => {
    const made =
      mode === "federated"
        ? [{ at: ["name"], made: name + FEDERATED_SUFFIX }]
        : clusters.map((cluster, at) => ({ at: ["in", at], made: mirrorServiceName(name, cluster) }));
    return made
      .filter((one) => one.made.length > MAX_LABEL)
      .map((one) => ({
        path: pathOf([...path, ...one.at]),
        problem: `gives the name ${one.made}, which is longer than ${MAX_LABEL} characters`,
        fix: "use a shorter name for the service or the cluster",
      }));
  });
}

/** A Service that stands in some clusters, because it is exported there or because Linkerd makes it there. */
interface Standing {
  readonly path: string;
  /** Words for the Service in messages: the same words if one Service is listed twice. */
  readonly what: string;
  readonly name: string;
  readonly namespace: string;
  readonly mode: Mode | undefined;
  readonly cluster: string;
  /** The only clusters that see it, where it is so. */
  readonly to?: readonly string[] | undefined;
}

function collisions(fleet: Readable): Problem[] {
  const byName = Map.groupBy(standing(fleet), ({ namespace, name }) => `${namespace}/${name}`);
  const suspects = [...byName.values()].filter((group) => new Set(group.map(({ what }) => what)).size > 1);
  if (suspects.length === 0) return [];
  const incoming = Map.groupBy(fleet.planned, ({ target }) => target);
  const places = ({ mode, cluster, to }: Standing): Set<string> => {
    const sources = (incoming.get(cluster) ?? []).filter(
      ({ source, modes }) => mode && modes.includes(mode) && isNamed(to, source),
    );
    const own = mode === undefined || mode === "federated" ? [cluster] : [];
    return new Set([...own, ...sources.map(({ source }) => source)]);
  };
  return suspects.flatMap((group) => {
    const found = group.map((one) => ({ ...one, places: places(one) }));
    return found.flatMap((one, at) => {
      const other = found
        .slice(0, at)
        .find(
          ({ what, places }) => what !== one.what && ![...places].every((place) => !one.places.has(place)),
        );
      if (!other) return [];
      return [
        {
          path: one.path,
          problem: `gives ${one.what} the name ${one.name}, which ${other.what} has as well`,
          fix: "rename the service or the cluster: both would be one Service in some cluster",
        },
      ];
    });
  });
}

function standing({ services }: Readable): Standing[] {
  const own = services.flatMap(({ path, value: { name, namespace, in: clusters } }) =>
    clusters.map((cluster, at) => ({
      path: pathOf([...path, "in", at]),
      what: `the exported service ${name}`,
      name,
      namespace,
      mode: undefined,
      cluster,
    })),
  );
  const made = services.flatMap(({ path, value: { name, namespace, mode, in: clusters, to } }) =>
    clusters.map((cluster, at) => ({
      path: pathOf([...path, "in", at]),
      what:
        mode === "federated"
          ? `the federated service ${name}`
          : `the mirror service of ${name} in ${cluster}`,
      name: mode === "federated" ? name + FEDERATED_SUFFIX : mirrorServiceName(name, cluster),
      namespace,
      mode,
      cluster,
      to,
    })),
  );
  return [...own, ...made];
}
