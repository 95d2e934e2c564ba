import { type Problem, pathOf } from "../config/problems";
import type { Entry, Readable } from "../config/readable";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import { answers, linksFor, standbysOf } from "./plan";
import { type TrafficEntry, trafficOf } from "./schema";

/** Requests are divided between those who can be reached, and come to an end. */
export function trafficRules(fleet: Readable): Problem[] {
  return fleet.services.flatMap((service) => [
    ...headlessModes(fleet, service),
    ...divisible(service),
    ...divisions(fleet, service),
    ...tooMany(fleet, service),
    ...standby(service),
  ]);
}

/**
 * Weights with which callers would find nobody, and callers without a standby. Only to be asked when all links are
 * known.
 */
export function unansweredTraffic(fleet: Readable): Problem[] {
  const links = fleet.planned;
  const clusters = Object.fromEntries(fleet.clusters);
  return fleet.services.flatMap(({ path, value: service }) =>
    trafficOf(service).flatMap(({ keys: at, entry }): Problem[] => {
      const { from = service.in, weights, prefer } = entry;
      const known = (name: string) => fleet.clusters.has(name) && service.in.includes(name);
      if (prefer) return unstood(fleet, [...path, ...at], service, entry);
      const places = Object.keys(weights ?? {}).filter(known);
      return from.filter(known).flatMap((name) => {
        const linked = (to: string) =>
          to === name || linksFor(links, service.mode, { source: name, target: to }).length > 0;
        const unlinked = places.find((to) => !linked(to));
        const keys = [...path, ...at, "weights"];
        if (unlinked !== undefined) {
          return {
            path: pathOf([...keys, unlinked]),
            problem: `cannot be reached: no link from ${name} to ${unlinked} carries ${service.mode}`,
            fix: "link them, or write an entry with `from` for the clusters that are linked",
          };
        }
        const answering = (member: string) => answers(clusters, links, service, { source: name, member });
        if (places.some((to) => weights?.[to] && answering(to))) return [];
        return {
          path: pathOf(keys),
          problem: `leave callers in ${name} without a member: every cluster with a weight is evacuated, or its link is draining`,
          fix: "give weight to a cluster that answers",
        };
      });
    }),
  );
}

/** Clusters that are to turn to others and are linked to none of them. */
function unstood(
  { planned: links, clusters }: Readable,
  path: readonly PropertyKey[],
  service: ServiceConfig,
  { from }: TrafficEntry,
): Problem[] {
  const { in: members, mode } = service;
  if (members.length < 2 || members.some((name) => !clusters.has(name))) return [];
  const alone = (name: string) => standbysOf(service, name, links).length === 0;
  if (!from) {
    if (!members.every(alone)) return [];
    const problem = `finds no standby: no link between clusters of \`in\` carries ${mode}`;
    const fix = "link two of them, or remove it: calls stay in their cluster anyway";
    return [{ path: pathOf([...path, "prefer"]), problem, fix }];
  }
  return from.flatMap((name, at) => {
    if (!members.includes(name) || !isNamed(service.to, name) || !alone(name)) return [];
    const others = members.filter((other) => other !== name).join(" or ");
    return [
      {
        path: pathOf([...path, "from", at]),
        problem: `finds no standby: no link from ${name} to ${others} carries ${mode}`,
        fix: "link them, or remove it here: its calls stay in the cluster anyway",
      },
    ];
  });
}

/** `HTTPRouteRule.backendRefs`, `MaxItems` (Gateway API `apis/v1/httproute_types.go`). */
const MAX_BACKENDS = 16;

/** An API server refuses a route to more backends than the Gateway API has room for. */
function tooMany({ planned }: Readable, { path, value: service }: Entry<ServiceConfig>): Problem[] {
  return trafficOf(service).flatMap(({ keys: at, entry }) => {
    const { weights, prefer, from = service.in } = entry;
    const standbys = prefer ? from.map((name) => standbysOf(service, name, planned).length) : [];
    const backends = Math.max(Object.keys(weights ?? {}).length, ...standbys.map((count) => count + 1));
    if (backends <= MAX_BACKENDS) return [];
    return [
      {
        path: pathOf([...path, ...at, prefer ? "prefer" : "weights"]),
        problem: `divides requests between ${backends} clusters, and a route takes ${MAX_BACKENDS}`,
        fix: prefer ? "name fewer clusters in `in`, or link fewer of them" : "give weights to fewer clusters",
      },
    ];
  });
}

/** Callers that prefer the local Service leave it when it fails, and soon. */
function standby({ path, value: service }: Entry<ServiceConfig>): Problem[] {
  const { mode, allow, allowAnyMeshed, enforce, failureAccrual, retries, protocol } = service;
  const first = trafficOf(service).find(({ entry }) => entry.prefer);
  // Mode and traffic do not fit at all: that is told already.
  if (!first || service.mode === "federated") return [];
  const problems: Problem[] = [];
  const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
    problems.push({ path: pathOf([...path, ...keys]), problem, fix });
  const prefer = [...first.keys, "prefer"];
  if (service.in.length < 2) {
    add(prefer, "needs a second cluster that stands by", "name it in `in`, or remove this");
  }
  // Behind a gateway, mode `gateway` asks for `allowGateway` by itself.
  if (mode === "flat" && allow.length === 0 && !allowAnyMeshed && enforce !== "audit") {
    add(prefer, "turns to standbys that let in nobody from another cluster", "name the callers in `allow`");
  }
  if (protocol === "gRPC") {
    const problem = "is not for gRPC: retries of its route see HTTP statuses only";
    add(prefer, problem, "write weights, or a federated service");
  }
  if (failureAccrual?.mode === "none") {
    const problem = "leaves callers with a local Service that fails, because `traffic` prefers it";
    add(["failureAccrual", "mode"], problem, "remove it");
  }
  if (retries && retries.limit > 0 && retries.timeout === undefined) {
    const problem = "is missing: requests would wait 3 seconds for a local Service without endpoints";
    add(["retries", "timeout"], problem, "write 400ms, for example, or `limit: 0` to send nothing again");
  }
  return problems;
}

/** A service mirror that mirrors headless services one pod at a time does so through the gateway only. */
function headlessModes(fleet: Readable, { path, value: flat }: Entry<ServiceConfig>): Problem[] {
  if (!flat.headless || flat.mode !== "flat") return [];
  const links = fleet.planned;
  return flat.in.flatMap((target, at) => {
    const other = fleet.services.find(
      ({ value }) => value.headless && value.mode === "gateway" && value.in.includes(target),
    );
    const both = links.find(
      ({ target: to, modes }) => to === target && modes.includes("gateway") && modes.includes("flat"),
    );
    if (!other || !both) return [];
    return [
      {
        path: pathOf([...path, "in", at]),
        problem:
          `${both.source} would not mirror it: ${target} also exports ${pathOf(other.path)}, headless and through the ` +
          "gateway, and then a service mirror takes no other headless services",
        fix: `use one mode for the headless services of ${target}, or give the links to it one mode`,
      },
    ];
  });
}

/** Weights need requests that HTTPRoutes can divide. */
function divisible({ path, value: service }: Entry<ServiceConfig>): Problem[] {
  const { mode, name, headless, protocol } = service;
  const entries = trafficOf(service);
  if (entries.length === 0) return [];
  const at = pathOf([...path, "traffic"]);
  if (mode === "federated") {
    const problem = "needs mirror services: Linkerd balances a federated service by load";
    const fix = entries.some(({ entry }) => entry.prefer)
      ? `write it in an entry of mode flat: callers of \`${name}\` then prefer the local one`
      : "write it in an entry of mode flat or gateway";
    return [{ path: at, problem, fix }];
  }
  if (headless) {
    return [{ path: at, problem: "needs a Service with a cluster IP", fix: "remove it" }];
  }
  if (protocol === "opaque" || protocol === "TLS") {
    return [{ path: at, problem: `divides requests, and ${protocol} has none`, fix: "remove it" }];
  }
  return [];
}

function divisions(fleet: Readable, { path, value: service }: Entry<ServiceConfig>): Problem[] {
  const { clusterNames } = fleet;
  const first = new Map<string, string>();
  let round = false;
  return trafficOf(service).flatMap(({ keys: at, entry }) => {
    const problems: Problem[] = [];
    const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
      problems.push({ path: pathOf([...path, ...at, ...keys]), problem, fix });
    const exporting = `name clusters of ${pathOf([...path, "in"])}`;
    const foreign = (name: string) => clusterNames.has(name) && !service.in.includes(name);
    const { from, weights = {}, prefer } = entry;
    if (prefer && entry.weights) {
      add(["prefer"], "and `weights` are two ways to divide the same requests", "keep one of them");
    } else if (!prefer && !entry.weights) {
      add([], "does not say how requests are divided", "add `weights`, or `prefer: local`");
    }
    from?.forEach((name, place) => {
      if (foreign(name)) add(["from", place], `${name} has no such Service of its own`, exporting);
      else if (prefer && service.in.includes(name) && !isNamed(service.to, name)) {
        const fix = `add ${name} to ${pathOf([...path, "to"])}, or remove it here`;
        add(["from", place], `${name} sees no standby, because \`to\` does not name it`, fix);
      }
    });
    for (const to of Object.keys(weights)) {
      if (foreign(to)) add(["weights", to], "is the weight of a cluster that does not export it", exporting);
    }
    for (const name of from ?? service.in) {
      const unseen = Object.keys(weights).find((to) => to !== name && !foreign(to));
      if (unseen !== undefined && !isNamed(service.to, name)) {
        add(
          ["weights", unseen],
          `cannot be reached: ${name} sees no mirror service of it, because \`to\` does not name ${name}`,
          `add ${name} to ${pathOf([...path, "to"])}, or write \`from\` without it`,
        );
      }
      const twice = first.get(`${entry.port}/${name}`);
      if (twice) add([], `is set for ${name} by ${twice} already`, "write one entry for a cluster and port");
      first.set(`${entry.port}/${name}`, pathOf([...path, ...at]));
      const back = service.mode === "gateway" && !round && wayBack(fleet, service, entry, name);
      if (!back) continue;
      round = true;
      add(
        prefer ? ["prefer"] : ["weights", back],
        `forms a loop: what ${name} sends to ${back} meets the routes of ${back} at its gateway, and comes back`,
        prefer
          ? "write `from` with clusters that do not stand by for each other, or use mode flat"
          : "let only one of the two send to the other, or use mode flat",
      );
    }
    return problems;
  });
}

/** Behind a gateway a request meets the routes of that cluster. The first step of a way that ends where it began. */
function wayBack(
  { planned }: Readable,
  service: ServiceConfig,
  { port }: TrafficEntry,
  start: string,
): string | undefined {
  const next = (cluster: string) =>
    trafficOf(service)
      .filter(({ entry: { port: other, from = service.in } }) => other === port && from.includes(cluster))
      .flatMap(({ entry: { weights = {}, prefer } }) =>
        prefer
          ? standbysOf(service, cluster, planned)
          : Object.keys(weights).filter((to) => to !== cluster && (weights[to] ?? 0) > 0),
      );
  return next(start).find((first) => {
    const seen = new Set<string>();
    const open = [first];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === start) return true;
      if (!seen.has(at)) open.push(...next(at));
      seen.add(at);
    }
    return false;
  });
}
