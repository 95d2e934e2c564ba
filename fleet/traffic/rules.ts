import { type Problem, pathOf } from "../config/problems";
import type { Entry, Readable } from "../config/readable";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import type { LinkPlan } from "../topology/plan";
import { answers } from "./plan";
import { milliseconds, type TrafficConfig } from "./schema";

/** Callers are told what Linkerd understands, and requests come to an end. */
export function trafficRules(fleet: Readable): Problem[] {
  return fleet.services.flatMap((service) => [
    ...penalties(service),
    ...headlessModes(fleet, service),
    ...divisible(service),
    ...divisions(fleet, service),
  ]);
}

/** Weights with which callers would find nobody. Only to be asked when all links are known. */
export function unansweredTraffic(fleet: Readable): Problem[] {
  const links = fleet.planned;
  const clusters = Object.fromEntries(fleet.clusters);
  return fleet.services.flatMap(({ path, value: service }) =>
    service.traffic.flatMap(({ from = service.in, weights }, at): Problem[] => {
      const known = (name: string) => fleet.clusters.has(name) && service.in.includes(name);
      const places = Object.keys(weights).filter(known);
      return from.filter(known).flatMap((name) => {
        const linked = (to: string) => to === name || isLinked(links, service, name, to);
        const unlinked = places.find((to) => !linked(to));
        const keys = [...path, "traffic", at, "weights"];
        if (unlinked !== undefined) {
          return {
            path: pathOf([...keys, unlinked]),
            problem: `cannot be had: no link from ${name} to ${unlinked} carries ${service.mode}`,
            fix: "link them, or write an entry with `from` for the clusters that are linked",
          };
        }
        const answering = (member: string) => answers(clusters, links, service, { source: name, member });
        if (places.some((to) => weights[to] && answering(to))) return [];
        return {
          path: pathOf(keys),
          problem: `leave callers in ${name} with nobody: what has weight is evacuated, or its link is draining`,
          fix: "give weight to a cluster that answers",
        };
      });
    }),
  );
}

function isLinked(links: readonly LinkPlan[], { mode }: ServiceConfig, from: string, to: string): boolean {
  return links.some(({ source, target, modes }) => source === from && target === to && modes.includes(mode));
}

/** Linkerd takes no notice of the whole setting otherwise. */
function penalties({ path, value: { failureAccrual } }: Entry<ServiceConfig>): Problem[] {
  if (!failureAccrual) return [];
  const { minPenalty, maxPenalty } = failureAccrual;
  if (milliseconds(minPenalty) <= milliseconds(maxPenalty) && milliseconds(maxPenalty) > 0) return [];
  return [
    {
      path: pathOf([...path, "failureAccrual", "maxPenalty"]),
      problem: `is less than minPenalty (${minPenalty}), or nothing at all`,
      fix: "write a longer time",
    },
  ];
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
        fix: `use one mode for the headless services of ${target}, or give links to it one of both modes`,
      },
    ];
  });
}

/** Weights need requests that HTTPRoutes can divide. */
function divisible({ path, value: { mode, headless, protocol, traffic } }: Entry<ServiceConfig>): Problem[] {
  if (traffic.length === 0) return [];
  const at = pathOf([...path, "traffic"]);
  if (mode === "federated") {
    const fix = "write it in an entry of mode flat or gateway";
    return [{ path: at, problem: "is for mirrors: a federated service divides by load, by itself", fix }];
  }
  if (headless) {
    return [{ path: at, problem: "needs a Service with a cluster IP", fix: "remove it" }];
  }
  if (protocol === "opaque" || protocol === "TLS") {
    return [{ path: at, problem: `divides requests, and ${protocol} has none`, fix: "remove it" }];
  }
  return [];
}

function divisions({ clusterNames }: Readable, { path, value: service }: Entry<ServiceConfig>): Problem[] {
  const first = new Map<string, string>();
  let round = false;
  return service.traffic.flatMap((entry, at) => {
    const problems: Problem[] = [];
    const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
      problems.push({ path: pathOf([...path, "traffic", at, ...keys]), problem, fix });
    const exporting = `name clusters of ${pathOf([...path, "in"])}`;
    const foreign = (name: string) => clusterNames.has(name) && !service.in.includes(name);
    entry.from?.forEach((name, place) => {
      if (foreign(name)) add(["from", place], `${name} has no such Service of its own`, exporting);
    });
    for (const to of Object.keys(entry.weights)) {
      if (foreign(to)) add(["weights", to], "is the weight of a cluster that does not export it", exporting);
    }
    for (const name of entry.from ?? service.in) {
      const unseen = Object.keys(entry.weights).find((to) => to !== name && !foreign(to));
      if (unseen !== undefined && !isNamed(service.to, name)) {
        add(
          ["weights", unseen],
          `cannot be had: ${name} sees no mirror of it, because \`to\` does not name ${name}`,
          `add ${name} to ${pathOf([...path, "to"])}, or write \`from\` without it`,
        );
      }
      const twice = first.get(`${entry.port}/${name}`);
      if (twice)
        add([], `is what ${twice} says of ${name} already`, "write one entry for a cluster and port");
      first.set(`${entry.port}/${name}`, pathOf([...path, "traffic", at]));
      const back = service.mode === "gateway" && !round && wayBack(service, entry, name);
      if (!back) continue;
      round = true;
      add(
        ["weights", back],
        `goes round: what ${name} sends to ${back} meets the weights of ${back} at its gateway, and comes back`,
        "let only one of both send to the other, or use mode flat",
      );
    }
    return problems;
  });
}

/** Behind a gateway a request meets the routes of that cluster. The first step of a way that ends where it began. */
function wayBack(service: ServiceConfig, entry: TrafficConfig, start: string): string | undefined {
  const next = (cluster: string) =>
    service.traffic
      .filter(({ port, from = service.in }) => port === entry.port && from.includes(cluster))
      .flatMap(({ weights }) =>
        Object.keys(weights).filter((to) => to !== cluster && (weights[to] ?? 0) > 0),
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
