import { MULTICLUSTER_NAMESPACE } from "../config/names";
import { EMISSARY_SERVERS } from "../gateways/plan";
import type { Recording } from "../objects/monitoring";
import { AUDITED_METRICS, lately, ofAudit } from "./audit";

/** The properties of a cluster that its recorded metrics need. */
export interface Recorded {
  readonly name: string;
  readonly controlPlaneNamespace: string;
  /** Where the pods of its gateway are; absent without one. */
  readonly gateway?: { readonly namespace: string; readonly deployment: string };
}

/** The name of each recorded metric. Every one has the label `cluster`, with the name of the cluster that recorded it. */
export const RECORDED = {
  gatewayAlive: "linkerd_fleet:gateway:alive",
  probeLatency: "linkerd_fleet:gateway_probe_latency_ms:p95",
  gatewayRequests: "linkerd_fleet:gateway_requests:rate5m",
  mirrors: "linkerd_fleet:service_mirrors:up",
  targets: "linkerd_fleet:targets_known:min",
  memberPods: "linkerd_fleet:member_pods:max",
  calls: "linkerd_fleet:calls:rate5m",
  failedCalls: "linkerd_fleet:failed_calls:rate5m",
  callLatency: "linkerd_fleet:call_latency_seconds:p95",
  served: "linkerd_fleet:served:rate5m",
  failedServed: "linkerd_fleet:failed_served:rate5m",
  servedLatency: "linkerd_fleet:served_latency_ms:p95",
  refused: "linkerd_fleet:refused:1h",
  audited: "linkerd_fleet:audited:1h",
  issuerLeft: "linkerd_fleet:issuer_ttl_seconds:min",
  certificateLeft: "linkerd_fleet:proxy_certificate_ttl_seconds:min",
  proxies: "linkerd_fleet:proxies:count",
  oldProxies: "linkerd_fleet:old_proxies:count",
} as const;

/** gRPC codes that Linkerd counts as failures by default (linkerd2-proxy `proxy/client-policy/src/grpc.rs`, `Codes`). */
const GRPC_FAILURES = "DATA_LOSS|DEADLINE_EXCEEDED|INTERNAL|PERMISSION_DENIED|UNAVAILABLE|UNKNOWN";

const [HTTP, TCP] = AUDITED_METRICS;

/** What each series of a service is of: the service as its callers name it. */
const CALLED = "namespace, service";
/** A guarded port, as `fleet.<service>.<port>`. */
const SERVED = "namespace, srv_name";

/**
 * What one cluster's Prometheus computes for the dashboard. Linkerd's own metrics do not say in which cluster they were
 * read, and `cluster` in those of the destination controller is the cluster of the endpoints. So the rules give the
 * label, and a store of all clusters needs to hold these series only.
 */
export function recordedOf(cluster: Recorded): Recording[] {
  const labels = { cluster: cluster.name };
  return Object.entries(expressionsOf(cluster)).map(([record, expr]) => ({ record, expr, labels }));
}

/** PromQL by recorded metric. Sources of the metrics: `alerts.ts`, `audit.ts`, and linkerd2-proxy as said. */
function expressionsOf({ name, controlPlaneNamespace, gateway }: Recorded): Record<string, string> {
  return {
    [RECORDED.gatewayAlive]: "max by (target_cluster_name) (gateway_alive)",
    [RECORDED.probeLatency]: p95("target_cluster_name", "rate(gateway_probe_latency_ms_bucket[5m])"),
    ...(gateway ? { [RECORDED.gatewayRequests]: throughGateway(gateway) } : {}),
    [RECORDED.mirrors]: `sum by (target_cluster_name) (${MIRRORS})`,
    [RECORDED.targets]: "min(cluster_store_size)",
    [RECORDED.memberPods]: memberPods(name),
    ...called(),
    ...served(),
    [RECORDED.refused]: counted("inbound_http_authz_deny_total", "inbound_tcp_authz_deny_total"),
    [RECORDED.audited]: counted(`${HTTP}{${ofAudit()}}`, `${TCP}{${ofAudit()}}`),
    [RECORDED.issuerLeft]: "min(issuer_cert_ttl_seconds)",
    [RECORDED.certificateLeft]: "min(control_identity_cert_expiration_timestamp_seconds) - time()",
    [RECORDED.proxies]: `count by (proxy_version) (${proxies()})`,
    [RECORDED.oldProxies]: orZero(
      `count by (namespace) (${proxies()} unless on (proxy_version) ${proxies(`{namespace="${controlPlaneNamespace}"}`)})`,
    ),
  };
}

/** One for each pod of a link's service mirror, named after its target. */
const MIRRORS = named(
  `up{namespace="${MULTICLUSTER_NAMESPACE}", container="controller", pod=~"controller-.+"}`,
  "target_cluster_name",
  "pod",
  "controller-(.+)-[^-]+-[^-]+",
);

/**
 * HTTP requests that the gateway let in. Its proxy counts them as authorized: `request_total` with
 * `direction="inbound"` has only its probes and scrapes (linkerd2-proxy `app/gateway/src/http.rs`, `app/admin`).
 * Other clusters reach it at the proxy's own port.
 */
function throughGateway({ namespace, deployment }: NonNullable<Recorded["gateway"]>): string {
  return `sum(rate(inbound_http_authz_allow_total{namespace="${namespace}", deployment="${deployment}", target_port="4143"}[5m]))`;
}

/**
 * Pods that the destination controllers hold ready, by service and by the cluster of the pods. The namespace is the
 * service's: a PodMonitor gives the label `namespace` to the pod that is scraped, and `cluster` as well where the
 * Prometheus of a user does.
 */
function memberPods(name: string): string {
  const own = named(named("endpoints_pods", "member", "cluster"), "member", "exported_cluster");
  const members = `label_replace(${own}, "member", "${name}", "member", "local")`;
  return `max by (${CALLED}, member) (${named(members, "namespace", "exported_namespace")})`;
}

/** Calls of services, as the proxies of their callers see them (`app/outbound/src/http/logical/policy/route`). */
function called(): Record<string, string> {
  const counter = (protocol: string, ...failure: string[]) =>
    `rate(outbound_${protocol}_route_request_statuses_total{${['parent_kind="Service"', ...failure].join(", ")}}[5m])`;
  const bucket = (protocol: string) =>
    `rate(outbound_${protocol}_route_backend_response_duration_seconds_bucket{parent_kind="Service"}[5m])`;
  const all = total(CALLED, ofService(either(counter("http"), counter("grpc"))));
  const failed = either(
    `(${counter("http", 'http_status=~"5.."')} or ${counter("http", 'error!=""')})`,
    `(${counter("grpc", `grpc_status=~"${GRPC_FAILURES}"`)} or ${counter("grpc", 'error!=""')})`,
  );
  return {
    [RECORDED.calls]: all,
    [RECORDED.failedCalls]: `${total(CALLED, ofService(failed))} or ${all} * 0`,
    [RECORDED.callLatency]: p95(CALLED, ofService(either(bucket("http"), bucket("grpc")))),
  };
}

/** What guarded ports answered, as the proxies of their pods see it (`app/core/src/metrics.rs`). */
function served(): Record<string, string> {
  const guarded = `direction="inbound", srv_name=~"fleet[.].+", srv_name!="${EMISSARY_SERVERS.admin}"`;
  const answers = (...more: string[]) =>
    total(SERVED, `rate(response_total{${[guarded, ...more].join(", ")}}[5m])`);
  return {
    [RECORDED.served]: answers(),
    // A counter of failures begins with the first: without it, there are none.
    [RECORDED.failedServed]: `${answers('classification="failure"')} or ${answers()} * 0`,
    [RECORDED.servedLatency]: p95(SERVED, `rate(response_latency_ms_bucket{${guarded}}[5m])`),
  };
}

/**
 * Every proxy, with its version as `proxy_version`. The PodMonitor `linkerd-proxy` gives a proxy the labels of its pod,
 * and a pod with a label `version` hides that of the proxy.
 */
function proxies(selector = ""): string {
  return named(
    named(`proxy_build_info${selector}`, "proxy_version", "version"),
    "proxy_version",
    "exported_version",
  );
}

/** Calls that proxies counted at their servers, by caller. */
function counted(http: string, tcp: string): string {
  return orZero(total(`${SERVED}, client_id, protocol`, either(lately(http), lately(tcp), "tcp")));
}

/** The same series of two protocols, which would hide one another where their labels are the same. */
function either(http: string, other: string, protocol = "grpc"): string {
  const marked = (series: string, of: string) => `label_replace(${series}, "protocol", "${of}", "", "")`;
  return `(${marked(http, "http")} or ${marked(other, protocol)})`;
}

function ofService(calls: string): string {
  return named(named(calls, "namespace", "parent_namespace"), "service", "parent_name");
}

/** Gives series a label by the value of another, if they have it. */
function named(series: string, label: string, from: string, pattern = "(.+)"): string {
  return `label_replace(${series}, "${label}", "$1", "${from}", "${pattern}")`;
}

function total(by: string, series: string): string {
  return `sum by (${by}) (${series})`;
}

function p95(by: string, buckets: string): string {
  return `histogram_quantile(0.95, ${total(`${by}, le`, buckets)})`;
}

/** Zero where there is nothing, so that a panel tells it from metrics that nobody reads. */
function orZero(series: string): string {
  return `${series} or on () vector(0)`;
}
