import { type FleetConfig, fleetConfig } from "../fleet/config/fleetConfig";
import { type Plan, planFleet } from "../fleet/plan";

/** The input form of a cluster, with what every test cluster has filled in. */
export function cluster(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { context: name, network: "shared", apiServer: `https://api.${name}.example.com`, ...more };
}

/** A fleet of the given clusters; `more` overrides whole sections. */
export function fleetOf(
  clusters: Record<string, Record<string, unknown>>,
  more: Record<string, unknown> = {},
): FleetConfig {
  return fleetConfig.parse({
    linkerd: { version: "2026.8.3" },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters,
    ...more,
  });
}

/** A full mesh of `count` clusters on one network. */
export function meshConfig(count: number, more: Record<string, unknown> = {}): FleetConfig {
  const names = Array.from({ length: count }, (_, index) => `c${String(index + 1).padStart(3, "0")}`);
  return fleetOf(Object.fromEntries(names.map((name) => [name, cluster(name)])), more);
}

export function meshPlan(count: number, more: Record<string, unknown> = {}): Plan {
  return planFleet(meshConfig(count, more));
}
