import type { ClusterConfig } from "../clusters/schema";
import { exportKey } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import type { ServiceConfig } from "./schema";

/** Each listed service can be exported as it says, by each cluster, to somebody. */
export function exportRules(fleet: Readable): Problem[] {
  return [
    ...fleet.services.flatMap(({ path, value }) => judgeService(fleet, path, value)),
    ...listedTwice(fleet),
  ];
}

/** Exports that reach nobody. Only to be asked when all links are known. */
export function unreachedExports(fleet: Readable): Problem[] {
  const { clusters, clusterNames, services } = fleet;
  if (clusters.size < 2 || clusters.size < clusterNames.size) return [];
  const incoming = Map.groupBy(fleet.planned, ({ target }) => target);
  return services.flatMap(({ path, value: { mode, in: exporters } }) =>
    exporters.flatMap((name, at) => {
      if (!clusters.has(name) || incoming.get(name)?.some(({ modes }) => modes.includes(mode))) return [];
      const needs = mode === "gateway" ? "" : " on the same network";
      return [
        {
          path: pathOf([...path, "in", at]),
          problem: `${name} is the target of no link that carries ${mode}`,
          fix: `link a cluster${needs} to it, use another mode, or remove it`,
        },
      ];
    }),
  );
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
        return [{ path, problem, fix: "choose one of both: they are two values of one label" }];
      }
      const odd = others.find((other) => other.service.headless !== service.headless);
      if (!odd) return [];
      const problem = `contradicts ${odd.entry}, which lists the same Service`;
      return [{ path: pathOf([...entry, "headless"]), problem, fix: "say the same in both" }];
    }),
  );
}
