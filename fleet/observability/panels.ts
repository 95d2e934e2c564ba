import { EXPIRY_METRIC } from "./alerts";
import { WINDOW } from "./audit";
import { RECORDED } from "./recorded";

/** Grafana's names of units. */
export type Unit = "none" | "ms" | "s" | "reqps" | "percentunit";

/** What a panel shows. */
export interface Content {
  readonly title: string;
  readonly description: string;
  readonly expr: string;
  readonly legend: string;
  readonly unit: Unit;
  /** What stands in the panel where there is nothing to show. */
  readonly none?: string;
}

/** The clusters that a reader of the dashboard has chosen. */
export const CLUSTER = 'cluster=~"$cluster"';
const CALLED = `{${CLUSTER}, namespace=~"$namespace", service=~"$service"}`;
/** Without the service: callers have other names for it, such as that of its federated service. */
const IN_NAMESPACE = `{${CLUSTER}, namespace=~"$namespace"}`;
export const IN_CLUSTER = `{${CLUSTER}}`;

/** All that a panel asks for is recorded, but for the expiry, which comes from a file. */
export const ROWS: readonly (readonly [row: string, panels: readonly Content[]])[] = [
  [
    "Links",
    [
      {
        title: "Gateways alive",
        description: "1: the probe of the target's gateway gets an answer",
        expr: `${RECORDED.gatewayAlive}${IN_CLUSTER}`,
        legend: "{{cluster}} → {{target_cluster_name}}",
        unit: "none",
        none: "No link carries services through a gateway",
      },
      {
        title: "Gateway probe latency, 95th percentile",
        description: "From each cluster to its targets' gateways and back",
        expr: `${RECORDED.probeLatency}${IN_CLUSTER}`,
        legend: "{{cluster}} → {{target_cluster_name}}",
        unit: "ms",
        none: "No link carries services through a gateway",
      },
      {
        title: "Requests through gateways",
        description: "HTTP requests that the gateway of each cluster let in",
        expr: `${RECORDED.gatewayRequests}${IN_CLUSTER}`,
        legend: "{{cluster}}",
        unit: "reqps",
        none: "No cluster has a gateway that was used",
      },
      {
        title: "Service mirrors running",
        description: "Pods of the service mirror of each outgoing link",
        expr: `${RECORDED.mirrors}${IN_CLUSTER}`,
        legend: "{{cluster}} → {{target_cluster_name}}",
        unit: "none",
      },
      {
        title: "Targets known to the destination controllers",
        description:
          "Linkerd asks these clusters for endpoints: the targets of links that carry flat or federated services",
        expr: `${RECORDED.targets}${IN_CLUSTER}`,
        legend: "{{cluster}}",
        unit: "none",
      },
      {
        title: "Pods of services, by member",
        description:
          "What the destination controllers of a cluster hold ready, for services that are called there",
        expr: `${RECORDED.memberPods}${IN_NAMESPACE}`,
        legend: "{{cluster}}: {{namespace}}/{{service}} in {{member}}",
        unit: "none",
      },
    ],
  ],
  [
    "Services, as their callers see them",
    [
      {
        title: "Calls",
        description: "HTTP and gRPC requests of meshed callers, by the service that they call",
        expr: `${RECORDED.calls}${CALLED}`,
        legend: "{{cluster}} → {{namespace}}/{{service}}",
        unit: "reqps",
      },
      {
        title: "Success rate of calls",
        description: "Without answers of the server's errors, errors of a proxy, and failures in gRPC",
        expr: successRate(RECORDED.calls, RECORDED.failedCalls, CALLED),
        legend: "{{cluster}} → {{namespace}}/{{service}}",
        unit: "percentunit",
      },
      {
        title: "Latency of calls, 95th percentile",
        description: "From the end of the request to the end of the answer",
        expr: `${RECORDED.callLatency}${CALLED}`,
        legend: "{{cluster}} → {{namespace}}/{{service}}",
        unit: "s",
      },
    ],
  ],
  [
    "Services, in the clusters that answer",
    [
      {
        title: "Answers",
        description: "Of guarded ports, from callers of all clusters: which cluster takes the load",
        expr: `${RECORDED.served}${IN_NAMESPACE}`,
        legend: "{{cluster}}: {{namespace}} {{srv_name}}",
        unit: "reqps",
        none: "No guarded port answered",
      },
      {
        title: "Success rate of answers",
        description: "As the proxies of the service see it",
        expr: successRate(RECORDED.served, RECORDED.failedServed, IN_NAMESPACE),
        legend: "{{cluster}}: {{namespace}} {{srv_name}}",
        unit: "percentunit",
        none: "No guarded port answered",
      },
      {
        title: "Latency of answers, 95th percentile",
        description: "As the proxies of the service see it, without the way between clusters",
        expr: `${RECORDED.servedLatency}${IN_NAMESPACE}`,
        legend: "{{cluster}}: {{namespace}} {{srv_name}}",
        unit: "ms",
        none: "No guarded port answered",
      },
    ],
  ],
  [
    "Access",
    [
      {
        title: `Calls refused within ${WINDOW}, by caller`,
        description: "No authorization covers them. Without an identity, the caller has no proxy",
        expr: `${RECORDED.refused}${IN_CLUSTER}`,
        legend: "{{cluster}}: {{namespace}} {{srv_name}} {{protocol}} ← {{client_id}}",
        unit: "none",
      },
      {
        title: `Calls only audited within ${WINDOW}, by caller`,
        description: "`enforce: deny` would refuse them. Without an identity, the caller has no proxy",
        expr: `${RECORDED.audited}${IN_CLUSTER}`,
        legend: "{{cluster}}: {{namespace}} {{srv_name}} {{protocol}} ← {{client_id}}",
        unit: "none",
      },
    ],
  ],
  [
    "Certificates and proxies",
    [
      {
        title: "Issuers: time left",
        description: "`pulumi up` renews them near their end",
        expr: `${RECORDED.issuerLeft}${IN_CLUSTER}`,
        legend: "{{cluster}}",
        unit: "s",
      },
      {
        title: "Proxies: shortest certificate left",
        description: "They renew 24 h certificates by themselves",
        expr: `${RECORDED.certificateLeft}${IN_CLUSTER}`,
        legend: "{{cluster}}",
        unit: "s",
      },
      {
        title: "Trust anchors, tokens and other ends: time left",
        description: "What `npx fleet expiry` lists",
        expr: `min by (kind, cluster, name) (${EXPIRY_METRIC}) - time()`,
        legend: "{{cluster}}: {{kind}} {{name}}",
        unit: "s",
        none: "No Prometheus collects `npx fleet expiry --prometheus`",
      },
      {
        title: "Proxies, by version",
        description: "Versions of the proxy, which differ from those of Linkerd",
        expr: `${RECORDED.proxies}${IN_CLUSTER}`,
        legend: "{{cluster}}: {{proxy_version}}",
        unit: "none",
      },
      {
        title: "Proxies that the control plane has left behind",
        description: "Of another version than the proxies of the control plane: restart these workloads",
        expr: `${RECORDED.oldProxies}${IN_CLUSTER}`,
        legend: "{{cluster}}: {{namespace}}",
        unit: "none",
      },
    ],
  ],
];

/** From 0 to 1, where anything was asked at all. */
function successRate(all: string, failed: string, selector: string): string {
  return `1 - ${failed}${selector} / (${all}${selector} > 0)`;
}
