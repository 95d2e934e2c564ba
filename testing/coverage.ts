import type { Cluster } from "../fleet/effective/cluster";
import { coverageGaps } from "../fleet/grants/coverage";
import { type Plan, planFleet } from "../fleet/plan";
import { meshedPod } from "./effective";
import { clusterFrom, type Lists } from "./effectiveFleet";
import { cluster, fleetOf } from "./fleets";

export const shared = (name: string, at: number) =>
  cluster(name, { network: "one", podNetworks: [`10.${at}.0.0/16`] });
export const checkout = {
  name: "checkout",
  namespace: "shop",
  mode: "federated",
  in: ["us"],
  ports: ["http"],
};
export const web = { serviceAccount: "web", namespace: "shop" };

/** `us` and `eu` on one network, or on two that a gateway joins. */
export function planOf(...services: object[]): Plan {
  return planFleet(fleetOf({ us: shared("us", 1), eu: shared("eu", 2) }, { services }));
}
export const apart = (...services: object[]) =>
  planFleet(
    fleetOf({ us: cluster("us", { network: "one" }), eu: cluster("eu", { network: "two" }) }, { services }),
  );

export const service = (targets: (number | string)[], more: object = {}) => ({
  metadata: { name: "checkout", namespace: "shop", ...more },
  spec: {
    selector: { app: "checkout" },
    ports: targets.map((targetPort, at) => ({ name: `p${at}`, port: 80 + at, targetPort })),
  },
});
export const EXPORTED = { labels: { "mirror.linkerd.io/federated": "member" } };

export interface PodChange {
  readonly labels?: object;
  readonly annotations?: object;
  readonly proxy?: boolean;
  readonly hostNetwork?: boolean;
}
export function pod(
  name: string,
  ports: { name?: string; containerPort: number }[] = [{ name: "http", containerPort: 8080 }],
  { labels = { app: "checkout" }, annotations = {}, proxy = true, hostNetwork = false }: PodChange = {},
): object {
  const proxies = proxy ? [{ name: "linkerd-proxy", ports: [{ containerPort: 4143 }] }] : [];
  return meshedPod(name, {
    metadata: { labels, annotations },
    spec: { hostNetwork, containers: [{ name: "app", ports }, ...proxies] },
  });
}
export const server = (
  name: string,
  spec: object = {},
  creationTimestamp = "2020-01-01T00:00:00Z",
  labels: object = {},
) => ({
  metadata: { name, namespace: "shop", creationTimestamp, labels },
  spec: { podSelector: { matchLabels: { app: "checkout" } }, port: 8080, accessPolicy: "deny", ...spec },
});
export const OURS = { "linkerd-fleet/service": "checkout" };

/** `us` as it is when these are its objects. */
export function us(plan: Plan, lists: Partial<Lists>): Cluster {
  const planned = plan.clusters.find(({ name }) => name === "us");
  if (!planned) throw new Error("no us");
  return clusterFrom(lists, planned);
}

export const told = (plan: Plan, lists: Partial<Lists>) =>
  coverageGaps(plan, us(plan, lists)).map(
    ({ kind, setting, opens, problem, fix }) =>
      `${kind} ${setting}${opens ? " opens" : ""}: ${problem} → ${fix}`,
  );
