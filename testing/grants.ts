import type { GrantPlan } from "../fleet/grants/plan";
import { planFleet } from "../fleet/plan";
import { fleetOf, meshConfig } from "./fleets";

/** A federated service of one cluster, with two ports. */
export const checkout = (more: object = {}) => ({
  services: [
    { name: "checkout", namespace: "shop", mode: "federated", in: ["c001"], ports: [8080, "admin"], ...more },
  ],
});

/** The grant of that service. */
export function grantOf(more: object, clusters?: Record<string, Record<string, unknown>>): GrantPlan {
  const config = clusters ? fleetOf(clusters, checkout(more)) : meshConfig(2, checkout(more));
  const [grant] = planFleet(config).grants;
  if (!grant) throw new Error("no grant");
  return grant;
}
