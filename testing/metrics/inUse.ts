import type { ClusterPlan } from "../../fleet/clusters/plan";
import { planFleet } from "../../fleet/plan";
import { cluster, fleetOf } from "../fleets";
import { type Answered, ask } from "./promtool";
import type { Stored } from "./recorded";
import * as metrics from "./recorded";

const observability = { prometheus: { namespace: "monitoring", serviceAccount: "prometheus" } };
export const checkout = { name: "checkout", namespace: "shop", mode: "federated", ports: ["http"] };
export const DAY = 86_400;

/** Minutes from the first value: tests ask about the state then. */
export const NOW = 130;
const INTERNET = "";
export const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";

export function planned(
  names: readonly string[],
  more: Record<string, unknown> = {},
  evacuated?: string,
): ClusterPlan[] {
  const clusters = names.map((name) => [name, cluster(name, name === evacuated ? { evacuate: true } : {})]);
  return [
    ...planFleet(
      fleetOf(Object.fromEntries(clusters), {
        observability,
        services: [{ ...checkout, in: names }],
        ...more,
      }),
    ).clusters,
  ];
}

/** What the Prometheus of a cluster answers to queries and alerts, by its own rules. */
export function asked(
  { observability: own }: ClusterPlan,
  series: readonly Stored[],
  queries: readonly string[],
  alerts: readonly string[] = [],
): Answered {
  if (!own) throw new Error("no observability");
  return ask({ rules: [...own.recorded, ...own.alerts], series, queries, alerts, at: NOW });
}

/** A cluster in use: its gateway serves, callers call two protocols, some fail, some are refused. */
export function inUse(target: string, members: number): Stored[] {
  const { proxyOf, scraped } = metrics;
  return [
    ...scraped(
      metrics.controlPlanePod("destination"),
      metrics.destination(1, [
        ["local", "shop", "checkout", metrics.gauge(members)],
        [target, "shop", "checkout", metrics.gauge(3)],
      ]),
    ),
    ...scraped(metrics.controlPlanePod("identity"), metrics.identity(40 * DAY)),
    ...scraped(metrics.mirrorPod(target), metrics.mirror(target, 1)),
    ...scraped(proxyOf("linkerd", "linkerd-destination"), metrics.anyProxy("v2.366.0", 70_000)),
    ...scraped(proxyOf("linkerd-multicluster", "linkerd-gateway"), [
      ...metrics.anyProxy("v2.366.0", 70_000),
      ...metrics.gatewayProxy(60),
    ]),
    ...scraped(proxyOf("shop", "web", { app: "web", version: "v1" }), [
      ...metrics.anyProxy("v2.326.0", 60_000),
      ...metrics.callerProxy("http", ["shop", "checkout-federated"], { "200": 90, "503": 20, FAIL_FAST: 10 }),
      ...metrics.callerProxy("grpc", ["shop", "checkout-federated"], { OK: 54, NOT_FOUND: 6 }),
      ...metrics.callerProxy("http", ["shop", "api"], { "200": 6, "404": 6 }),
      ...metrics.callerProxy("grpc", ["shop", "ledger"], { UNAVAILABLE: 60 }),
    ]),
    ...scraped(proxyOf("shop", "checkout"), [
      ...metrics.anyProxy("v2.366.0", 70_000),
      ...metrics.memberProxy("checkout", 45, 15),
      ...metrics.memberProxy("api", 60),
      ...metrics.scrapes(),
      ...metrics.refusals("checkout", "http", WEB, metrics.counter(1)),
      // One call, half an hour ago, that no counter knew before.
      ...metrics.refusals("checkout", "tcp", INTERNET, `_x${NOW - 30} 1x60`),
      ...metrics.audits("checkout", "http", WEB, metrics.counter(2)),
    ]),
  ];
}
