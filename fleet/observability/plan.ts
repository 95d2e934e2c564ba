import type { FleetConfig } from "../config/fleetConfig";
import { identityName } from "../config/names";
import type { ExportPlan } from "../exports/plan";
import {
  type ChartGatewayPlan,
  type EmissaryGatewayPlan,
  type GatewayPlan,
  gatewayPlace,
  type MeshNames,
} from "../gateways/plan";
import type { GrantPlan } from "../grants/plan";
import type { Alert, Recording } from "../objects/monitoring";
import { alertsOf, type WatchedCluster } from "./alerts";
import { recordedOf } from "./recorded";
import type { ObservabilityConfig } from "./schema";

/** How one cluster is made visible to its Prometheus. */
export interface ObservabilityPlan
  extends Pick<ObservabilityConfig, "labels" | "scrapeInterval" | "dashboard"> {
  /** Who may read the metrics: a mesh identity, or networks for a Prometheus without a proxy. */
  readonly reader: { readonly identity: string } | { readonly networks: readonly string[] };
  readonly alerts: readonly Alert[];
  /** What its Prometheus computes for the dashboard, and for alerts. */
  readonly recorded: readonly Recording[];
  /** Where the pods of its gateway are; absent without one. */
  readonly gateway?: GatewayPods;
}

export interface GatewayPods {
  /** Whether the chart linkerd-multicluster made them, or they are an Emissary's. */
  readonly kind: "chart" | "emissary";
  readonly namespace: string;
  readonly deployment: string;
}

/**
 * Servers of the chart linkerd-multicluster (`service-mirror-policy.yaml`) that let only linkerd-viz read metrics.
 */
export const METRICS_SERVERS = ["linkerd-admin", "controller", "local-service-mirror"] as const;

/**
 * Ports of the service mirrors' metrics (chart linkerd-multicluster, `controller/` and `local-service-mirror.yaml`).
 */
export const METRICS_PORTS = ["ctrl-admin", "locsm-admin"] as const;

/** Absent where the stack file asks for none. */
export function planObservability(
  config: FleetConfig,
  cluster: WatchedCluster & MeshNames & { readonly gateway: GatewayPlan },
  exports: readonly ExportPlan[],
  allGrants: readonly GrantPlan[],
): ObservabilityPlan | undefined {
  if (!config.observability || !config.clusters[cluster.name]?.observed) return undefined;
  const { labels, scrapeInterval, dashboard, prometheus } = config.observability;
  const { serviceAccount, namespace, networks } = prometheus;
  const { controlPlaneNamespace, trustDomain, gateway } = cluster;
  const grants = allGrants.filter((grant) => grant.cluster === cluster.name);
  const pods = gateway.enabled && gatewayPods(gateway);
  return {
    labels,
    scrapeInterval,
    ...(dashboard === undefined ? {} : { dashboard }),
    reader: networks
      ? { networks }
      : { identity: identityName(serviceAccount, namespace, controlPlaneNamespace, trustDomain) },
    alerts: alertsOf(exports, grants, cluster),
    recorded: recordedOf({ name: cluster.name, controlPlaneNamespace, ...(pods && { gateway: pods }) }),
    ...(pods && { gateway: pods }),
  };
}

function gatewayPods(gateway: ChartGatewayPlan | EmissaryGatewayPlan): GatewayPods {
  const { namespace, deployment } = gatewayPlace(gateway);
  return { kind: gateway.kind, namespace, deployment };
}
