import { planFleet } from "../fleet/plan";
import { configOf, type FleetInput } from "./arbitraries";
import type { ServiceInput } from "./meshOfFour";
import { soundFleet } from "./mistakes/sound";

/** us, eu and apac, each linked to both others, with a trust domain of its own. */
export function threeDomains(...services: Partial<ServiceInput>[]): FleetInput {
  const base = soundFleet();
  for (const name of Object.keys(base.clusters)) base.clusters[name].trustDomain = `${name}.example.com`;
  const checkout = {
    name: "checkout",
    namespace: "shop",
    mode: "federated",
    in: ["us", "eu"],
    ports: ["http"],
  };
  return { ...base, services: services.map((one) => ({ ...checkout, ...one })) } as FleetInput;
}

export const planOf = (...services: Partial<ServiceInput>[]) =>
  planFleet(configOf(threeDomains(...services)));
