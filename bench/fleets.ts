import { fleetConfig } from "../fleet/config/fleetConfig";
import { type Plan, planFleet } from "../fleet/plan";
import { cluster } from "../testing/fleets";

export type Shape = "hub" | "mesh";
type Section = "linkerd" | "trust" | "topology";

/** The sections of a fleet with no services: what clusters and links cost. The first cluster is the hub. */
export function sectionsOf(shape: Shape, clusters: number): Record<"clusters" | Section, object> {
  const names = Array.from({ length: clusters }, (_, at) => `c${String(at + 1).padStart(3, "0")}`);
  return {
    linkerd: { version: "2026.8.3" },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(names.map((name) => [name, cluster(name)])),
    topology: shape === "hub" ? { kind: "hub", hub: names[0] } : { kind: "mesh" },
  };
}

export function planOf(shape: Shape, clusters: number): Plan {
  return planFleet(fleetConfig.parse(sectionsOf(shape, clusters)));
}
