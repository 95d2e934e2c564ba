import type { ClusterConfig } from "../clusters/schema";
import { exportKey } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Entry, Readable } from "../config/readable";
import type { ServiceConfig } from "./schema";

/** Each listed service can be exported as it says, by each cluster, to somebody. */
export function exportRules(fleet: Readable): Problem[] {
  return [
    ...fleet.services.flatMap(({ path, value }) => judgeService(fleet, path, value)),
    ...listedTwice(fleet),
  ];
}

/** Exports that reach nobody, or not those that they name. Only to be asked when all links are known. */
export function unreachedExports(fleet: Readable): Problem[] {
  const { clusters, clusterNames, services } = fleet;
  if (clusters.size < 2 || clusters.size < clusterNames.size) return [];
  const incoming = Map.groupBy(fleet.planned, ({ target }) => target);
  return services.flatMap((service) => {
    const { mode, in: exporters } = service.value;
    const unlinked = exporters.flatMap((name, at) => {
      if (!clusters.has(name) || incoming.get(name)?.some(({ modes }) => modes.includes(mode))) return [];
      const needs = mode === "gateway" ? "" : " on the same network";
      return [
        {
          path: pathOf([...service.path, "in", at]),
          problem: `${name} is the target of no link that carries ${mode}`,
          fix: `link a cluster${needs} to it, use another mode, or remove it`,
        },
      ];
    });
    return unlinked.length > 0 ? unlinked : unreachedNames(fleet, service);
  });
}

/** Clusters in `to` that see the service of no exporter, and exporters that none of them sees. */
function unreachedNames(
  fleet: Readable,
  { path, value: { mode, in: exporters, to } }: Entry<ServiceConfig>,
): Problem[] {
  if (!to) return [];
  const sees = (source: string, target: string) =>
    fleet.planned.some(
      (link) => link.source === source && link.target === target && link.modes.includes(mode),
    );
  const unlinked = to.flatMap((name, at) => {
    if (!fleet.clusters.has(name) || exporters.some((exporter) => sees(name, exporter))) return [];
    return [
      {
        path: pathOf([...path, "to", at]),
        problem: `no link from ${name} to ${exporters.join(" or ")} carries ${mode}`,
        fix: "link it to one that exports it, or remove it",
      },
    ];
  });
  if (unlinked.length > 0) return unlinked;
  return exporters.flatMap((name, at) => {
    if (!fleet.clusters.has(name) || to.some((source) => sees(source, name))) return [];
    return [
      {
        path: pathOf([...path, "in", at]),
        problem: `no cluster of ${pathOf([...path, "to"])} sees what ${name} exports: none is linked to it for ${mode}`,
        fix: `name a cluster that is linked to ${name}, or remove it here`,
      },
    ];
  });
}

function judgeService(
  { clusters, clusterNames, isUnread }: Readable,
  path: readonly PropertyKey[],
  service: ServiceConfig,
): Problem[] {
  const { mode } = service;
  const problems: Problem[] = [];
  if (mode === "federated" && service.headless) {
    const fix = "use mode gateway or flat, or a Service with a cluster IP";
    problems.push({ path: pathOf([...path, "headless"]), problem: "cannot be federated", fix });
  }
  service.to?.forEach((name, at) => {
    if (!service.in.every((exporter) => exporter === name)) return;
    const problem = `${name} is the cluster that exports it`;
    problems.push({
      path: pathOf([...path, "to", at]),
      problem,
      fix: "name the other clusters that are to see it",
    });
  });
  const someNetworkUnread = [...clusterNames].some((name) => isUnread(["clusters", name, "network"]));
  const networks = service.in.map((name) => clusters.get(name)?.network);
  const alone = ({ network }: ClusterConfig) =>
    [...clusters.values()].filter((other) => network !== undefined && other.network === network).length < 2;
  service.in.forEach((name, at) => {
    const cluster = clusters.get(name);
    if (!cluster) return;
    const add = (problem: string, fix: string) =>
      problems.push({ path: pathOf([...path, "in", at]), problem: `${name} ${problem}`, fix });
    if (mode === "gateway" && cluster.gateway.type === "none") {
      add("has no gateway", "give it one, or use mode flat if its pods can be reached");
    } else if (mode === "flat" && clusters.size > 1 && !someNetworkUnread && alone(cluster)) {
      const fix = "name the network in both clusters if their pods reach each other, or use mode gateway";
      add("shares no network with any cluster, so no client can reach its pods", fix);
    } else if (mode === "federated" && service.in.length > 1 && cluster.network === undefined) {
      if (isUnread(["clusters", name, "network"])) return;
      add("names no network, so the other members' clients cannot reach its pods", FEDERATED_FIX);
    } else if (
      mode === "federated" &&
      networks.slice(0, at).some((other) => other && other !== cluster.network)
    ) {
      add("is on another network than the members before it", FEDERATED_FIX);
    }
  });
  return problems;
}

const FEDERATED_FIX = "federate clusters of one network only, or use mode gateway";

/** `gateway` and `flat` are values of one label, and all entries for one Service speak of the same one. */
function listedTwice({ services }: Readable): Problem[] {
  const first = new Map<string, { entry: string; path: string; service: ServiceConfig }[]>();
  return services.flatMap(({ path: entry, value: service }) =>
    [...new Set(service.in)].flatMap((cluster) => {
      const path = pathOf([...entry, "in", service.in.indexOf(cluster)]);
      const key = exportKey({ ...service, cluster });
      const others = first.get(key) ?? [];
      first.set(key, [...others, { entry: pathOf(entry), path, service }]);
      const same = others.find((other) => other.service.mode === service.mode);
      if (same)
        return [{ path, problem: `is listed at ${same.path} already`, fix: "remove it from one of them" }];
      const label = others.find(
        (other) => other.service.mode !== "federated" && service.mode !== "federated",
      );
      if (label) {
        const problem = `is exported as ${label.service.mode} at ${label.path}; it cannot be ${service.mode} as well`;
        return [{ path, problem, fix: "choose one of them: they are two values of one label" }];
      }
      const odd = others.find((other) => other.service.headless !== service.headless);
      if (!odd) return [];
      const problem = `contradicts ${odd.entry}, which lists the same Service`;
      return [{ path: pathOf([...entry, "headless"]), problem, fix: "write the same in both" }];
    }),
  );
}
