import type { Mode } from "../config/common";
import { linkKey } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Entry, Readable } from "../config/readable";
import { shareNetwork } from "./plan";
import type { LinkConfig } from "./schema";

/** Links join two clusters, once each way, and can carry what they shall. */
export function topologyRules(fleet: Readable): Problem[] {
  return [
    ...linkPairs(fleet),
    ...regions(fleet),
    ...bridgePairs(fleet),
    ...emptyLinks(fleet),
    ...linkModes(fleet),
  ];
}

function linkPairs({ links }: Readable): Problem[] {
  const first = new Map<string, string>();
  return links.flatMap(({ path, value: link }) => {
    if (link.source === link.target) {
      const fix = "name another cluster; inside one cluster nothing has to be linked";
      return [{ path: pathOf([...path, "target"]), problem: "is the source itself", fix }];
    }
    const other = first.get(linkKey(link));
    if (other) {
      const fix = "write one entry with all settings of this link";
      return [{ path: pathOf(path), problem: `is the same link as ${other}`, fix }];
    }
    first.set(linkKey(link), pathOf(path));
    return [];
  });
}

function regions({ topology, clusters }: Readable): Problem[] {
  if (topology?.kind !== "islands") return [];
  return [...clusters]
    .filter(([, cluster]) => cluster.region === undefined)
    .map(([name]) => ({
      path: pathOf(["clusters", name, "region"]),
      problem: "is missing: in islands it says which clusters this one is meshed with",
      fix: "name its region",
    }));
}

function bridgePairs({ topology, bridges, clusters }: Readable): Problem[] {
  if (topology?.kind !== "islands") return [];
  const first = new Map<string, string>();
  return bridges.flatMap(({ path: keys, value: [a, b] }) => {
    const path = pathOf(keys);
    const id = [a, b].sort().join("/");
    const other = first.get(id);
    if (other) return [{ path, problem: `is the same bridge as ${other}`, fix: "remove it" }];
    first.set(id, path);
    if (a === b) return [{ path, problem: "joins a cluster to itself", fix: "name clusters of two regions" }];
    const region = clusters.get(a)?.region;
    if (region === undefined || region !== clusters.get(b)?.region) return [];
    return [{ path, problem: "joins clusters of one region, which are linked already", fix: "remove it" }];
  });
}

/** Links of the topology's kind that could carry nothing; told once for each target. */
function emptyLinks(fleet: Readable): Problem[] {
  const isUnread = (name: string) => fleet.isUnread(["clusters", name, "network"]);
  const empty = fleet.planned.filter(
    ({ source, target, modes }) =>
      modes.length === 0 && source !== target && !isUnread(source) && !isUnread(target),
  );
  return [...Map.groupBy(empty, ({ target }) => target)].map(([target, links]) => {
    const sources = links.slice(0, 3).map(({ source }) => source);
    const more = links.length > 3 ? ` and ${links.length - 3} more` : "";
    return {
      path: pathOf(["clusters", target, "gateway"]),
      problem: `is none, and no network is shared with ${sources.join(", ")}${more}: links from there carry nothing`,
      fix: "give it a gateway, name the shared network in both clusters, or leave these links out",
    };
  });
}

/** Modes that a listed link asks for and its ends cannot carry. */
function linkModes({ links, clusters, isUnread }: Readable): Problem[] {
  return links.flatMap(({ path, value }: Entry<LinkConfig>) => {
    const source = clusters.get(value.source);
    const target = clusters.get(value.target);
    if (!source || !target || source === target) return [];
    const blocker = (mode: Mode): Omit<Problem, "path"> | undefined => {
      if (mode === "gateway") {
        if (target.gateway.type !== "none") return undefined;
        return {
          problem: `cannot be carried: ${value.target} has no gateway`,
          fix: "give it one, or remove the mode",
        };
      }
      if (shareNetwork(source, target)) return undefined;
      if ([value.source, value.target].some((name) => isUnread(["clusters", name, "network"])))
        return undefined;
      const fix = "name the network in both clusters if their pods reach each other, or remove the mode";
      return { problem: `cannot be carried: ${value.source} and ${value.target} share no network`, fix };
    };
    return (value.modes ?? []).flatMap((mode, at) => {
      const found = blocker(mode);
      return found ? [{ path: pathOf([...path, "modes", at]), ...found }] : [];
    });
  });
}
