import { EMISSARY_SERVERS } from "../gateways/plan";
import type { FleetObject } from "../objects/object";
import type { AuthenticationRef } from "../objects/policy";
import type { Plain, Text, Values } from "../objects/values";
import { DASHBOARD as CONTENT } from "./dashboard";
import { METRICS_PORTS, METRICS_SERVERS, type ObservabilityPlan } from "./plan";

const NAME = "linkerd-fleet";
/** Id of the dashboard, which alone needs nothing of Linkerd. */
export const DASHBOARD = "dashboard";

/**
 * The objects that show one cluster's links to its Prometheus: the right to read metrics, where they are, alerts, a
 * dashboard. `namespace`: that of the multicluster extension.
 */
export function observabilityObjects<V extends Values = Plain>(
  observability: ObservabilityPlan,
  namespace: Text<V>,
): FleetObject<V>[] {
  const { labels, scrapeInterval, dashboard, alerts, recorded, gateway } = observability;
  const metadata = { name: NAME, namespace, labels };
  return [
    ...letIn<V>("", observability, namespace, METRICS_SERVERS),
    ...(gateway?.kind === "emissary"
      ? letIn<V>("emissary-", observability, gateway.namespace, [EMISSARY_SERVERS.admin])
      : []),
    {
      id: "pods",
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata,
      spec: {
        selector: { matchLabels: { "linkerd.io/extension": "multicluster" } },
        podMetricsEndpoints: METRICS_PORTS.map((port) => ({
          port,
          interval: scrapeInterval,
          honorTimestamps: false,
        })),
      },
    },
    {
      id: "alerts",
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata,
      spec: { groups: [{ name: NAME, rules: [...recorded, ...alerts] }] },
    },
    ...(dashboard
      ? [
          {
            id: DASHBOARD,
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: {
              name: `${NAME}-dashboard`,
              namespace: dashboard.namespace,
              labels: dashboard.labels,
            },
            data: { "linkerd-fleet.json": JSON.stringify(CONTENT, null, 2) },
          } as const,
        ]
      : []),
  ];
}

/** Policies of one Server add up: the chart's own, for linkerd-viz, holds as before. */
function letIn<V extends Values>(
  prefix: string,
  { reader }: ObservabilityPlan,
  namespace: Text<V>,
  servers: readonly string[],
): FleetObject<V>[] {
  const id = `${prefix}prometheus`;
  const metadata = { name: `${NAME}.prometheus`, namespace };
  const authentication: FleetObject<V> =
    "identity" in reader
      ? {
          id,
          ...{ apiVersion: "policy.linkerd.io/v1alpha1", kind: "MeshTLSAuthentication" },
          metadata,
          spec: { identities: [reader.identity] },
        }
      : {
          id,
          ...{ apiVersion: "policy.linkerd.io/v1alpha1", kind: "NetworkAuthentication" },
          metadata,
          spec: { networks: reader.networks.map((cidr) => ({ cidr })) },
        };
  const required: AuthenticationRef = {
    group: "policy.linkerd.io",
    kind: "identity" in reader ? "MeshTLSAuthentication" : "NetworkAuthentication",
    name: metadata.name,
  };
  return [
    authentication,
    ...servers.map(
      (server): FleetObject<V> => ({
        id: `${prefix}${server}`,
        apiVersion: "policy.linkerd.io/v1alpha1",
        kind: "AuthorizationPolicy",
        metadata: { name: `${NAME}.${server}`, namespace },
        spec: {
          targetRef: { group: "policy.linkerd.io", kind: "Server", name: server },
          requiredAuthenticationRefs: [required],
        },
      }),
    ),
  ];
}
