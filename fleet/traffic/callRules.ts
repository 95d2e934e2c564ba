import { type Problem, pathOf } from "../config/problems";
import type { Entry, Readable } from "../config/readable";
import type { ServiceConfig } from "../exports/schema";
import { chartVersion } from "../linkerd/charts";
import { isSince } from "../linkerd/versionSkew";
import { standbysOf } from "./plan";
import { milliseconds } from "./schema";

/** Callers are told what their Linkerd understands. */
export function callRules(fleet: Readable): Problem[] {
  return fleet.services.flatMap((service) => [
    ...penalties(service),
    ...rates(service),
    ...experiments(fleet, service),
  ]);
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

/** Linkerd's bounds (linkerd2 `outbound/index.rs`); out of them it takes no notice of the whole setting. */
function rates({ path, value: { failureAccrual, loadBiaser } }: Entry<ServiceConfig>): Problem[] {
  const problems: Problem[] = [];
  const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
    problems.push({ path: pathOf([...path, ...keys]), problem, fix });
  const rate = failureAccrual?.successRate;
  if (rate && failureAccrual.mode !== "unified") {
    add(
      ["failureAccrual", "successRate"],
      `has no effect with mode ${failureAccrual.mode}`,
      "set `mode: unified`, or remove it",
    );
  } else if (rate && milliseconds(rate.window) < SHORTEST_WINDOW) {
    add(["failureAccrual", "successRate", "window"], "is shorter than 10ms", "write a longer time");
  }
  if (loadBiaser && milliseconds(loadBiaser.penalty) > LONGEST_PENALTY) {
    add(["loadBiaser", "penalty"], "is longer than 49 days", "write a shorter time");
  }
  return problems;
}

const SHORTEST_WINDOW = 10;
const LONGEST_PENALTY = 2 ** 32 - 1;

/**
 * The first release whose policy controller and proxies know them (linkerd2 #15374). An older one takes no notice,
 * and of the mode it does not know makes no failure accrual at all.
 */
const EXPERIMENTS = { edge: [2026, 6, 2], numbered: [2, 20, 0] } as const;

/** Every cluster whose pods may call the service must know what it says to them. */
function experiments(fleet: Readable, { path, value: service }: Entry<ServiceConfig>): Problem[] {
  const { linkerd, clusters, planned } = fleet;
  const used = [
    ...(service.failureAccrual?.mode === "unified" ? [["failureAccrual", "mode"]] : []),
    ...(service.loadBiaser ? [["loadBiaser"]] : []),
  ];
  if (!linkerd || used.length === 0 || fleet.isUnread(["linkerd"])) return [];
  const sees = (name: string) => service.in.includes(name) || standbysOf(service, name, planned).length > 0;
  const old = [...clusters].flatMap(([name, { linkerd: own }]) => {
    const version = chartVersion(linkerd, own, "controlPlane");
    return sees(name) && !isSince(version, EXPERIMENTS) ? [`${name} has ${version}`] : [];
  });
  if (old.length === 0) return [];
  return used.map((keys) => ({
    path: pathOf([...path, ...keys]),
    problem: `needs Linkerd edge-26.6.2 (2.20) or later wherever it is called, and ${old.join(", ")}`,
    fix: "upgrade first, or leave it out until then",
  }));
}
