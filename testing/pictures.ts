import { planFleet } from "../fleet/plan";
import { type View, viewOfPlan } from "../ops/graph/view";
import { cluster, fleetOf } from "./fleets";

/** A full mesh in which every cluster has `checkout` and the first also `logs`; regions are told off in turn. */
export function meshView(clusters: number, regions: number): View {
  const names = Array.from({ length: clusters }, (_, at) => `c${String(at + 1).padStart(3, "0")}`);
  const entries = names.map((name, at) => {
    const more = { region: `region-${at % regions}`, podNetworks: [`10.${at}.0.0/16`] };
    return [name, cluster(name, more)] as const;
  });
  const services = [
    {
      name: "checkout",
      namespace: "shop",
      mode: "federated",
      in: names,
      ports: ["http"],
      allow: [{ serviceAccount: "web", namespace: "shop" }],
    },
    { name: "logs", namespace: "ops", mode: "gateway", in: ["c001"], ports: ["http"], allowGateway: true },
  ];
  return viewOfPlan(planFleet(fleetOf(Object.fromEntries(entries), { services })));
}
