/**
 * What Prometheus holds of one meshed cluster, with the labels that Linkerd 2.19 and edge-26.8.3 give, each by its
 * source. Values are in the notation of Prometheus' tests: one for each minute.
 */
type Labels = Readonly<Record<string, string>>;

/** A series as its pod writes it. */
export interface Exposed {
  readonly name: string;
  readonly labels: Labels;
  readonly values: string;
}

export interface Stored {
  readonly series: string;
  readonly values: string;
}

/** Labels of the target win, and the pod's own get the prefix `exported_` (Prometheus, `honor_labels: false`). */
export function scraped(target: Labels, exposed: readonly Exposed[]): Stored[] {
  return exposed.map(({ name, labels, values }) => {
    const own = Object.entries(labels)
      .filter(([, value]) => value !== "")
      .map(([label, value]) => [label in target ? `exported_${label}` : label, value]);
    const all = Object.entries({ ...target, ...Object.fromEntries(own) });
    const series = `${name}{${all.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(", ")}}`;
    return { series, values };
  });
}

/** `per` a minute for two hours and a half; for less of them, it begins late. */
export const counter = (per: number, from = 0) =>
  `${from > 0 ? `_x${from} ` : ""}${per}+${per}x${150 - from}`;
export const gauge = (value: number) => `${value}x150`;

/** A pod with a port `*-admin`, read by the PodMonitor `linkerd-controller` of the chart linkerd-control-plane. */
export const controlPlanePod = (component: string): Labels => ({
  ...{ namespace: "linkerd", pod: `linkerd-${component}-5d4b8c7f9-x7k2p`, container: component, component },
  ...{ job: "linkerd/linkerd-controller", instance: `10.0.0.1:${component.length}` },
});

/** A service mirror, read by this program's PodMonitor. */
export const mirrorPod = (target: string): Labels => ({
  ...{
    namespace: "linkerd-multicluster",
    pod: `controller-${target}-7c9d8f6b5-x2x4z`,
    container: "controller",
  },
  ...{ endpoint: "ctrl-admin", job: "linkerd-multicluster/linkerd-fleet", instance: `10.0.1.1:${target}` },
});

/**
 * A proxy, read by the PodMonitor `linkerd-proxy`: the labels `linkerd.io/proxy-*` of its pod without that prefix, and
 * then all labels of the pod (`linkerd-control-plane/templates/podmonitor.yaml`, `labelmap`).
 */
export const proxyOf = (namespace: string, deployment: string, podLabels: Labels = {}): Labels => ({
  ...{ namespace, deployment, pod: `${deployment}-6f7c9b8d4-q8w2r`, container: "linkerd-proxy" },
  ...{ control_plane_ns: "linkerd", workload_ns: namespace, pod_template_hash: "6f7c9b8d4" },
  ...{ job: "linkerd/linkerd-proxy", instance: `10.1.0.1:${namespace}/${deployment}` },
  ...podLabels,
});

/** Of every proxy: linkerd2-proxy `app/core/src/build_info.rs`, `linkerd/identity/src/metrics.rs`. */
export function anyProxy(version: string, certificateEnds: number): Exposed[] {
  const build = { date: "2026-08-20T00:00:00Z", git_sha: "29637b6", profile: "release", vendor: "linkerd" };
  return [
    { name: "proxy_build_info", labels: { ...build, version }, values: gauge(1) },
    {
      name: "control_identity_cert_expiration_timestamp_seconds",
      labels: {},
      values: gauge(certificateEnds),
    },
  ];
}

/** Of every proxy's admin port, read every minute: `app/admin/src/stack.rs` counts these as inbound requests. */
export function scrapes(): Exposed[] {
  const srv = { srv_group: "policy.linkerd.io", srv_kind: "server", srv_name: "linkerd-admin" };
  const at = { target_addr: "0.0.0.0:4191", target_ip: "0.0.0.0", target_port: "4191" };
  return [
    {
      name: "request_total",
      labels: {
        direction: "inbound",
        ...at,
        tls: "no_identity",
        no_tls_reason: "no_tls_from_remote",
        ...srv,
      },
      values: counter(2),
    },
  ];
}

/** Of a gateway's proxy, `app/gateway/src/http.rs`, `app/inbound/src/metrics/authz.rs`. */
export function gatewayProxy(per: number): Exposed[] {
  const server = { srv_group: "policy.linkerd.io", srv_kind: "server", srv_name: "linkerd-gateway" };
  const route = { route_group: "", route_kind: "default", route_name: "default" };
  const authz = {
    authz_group: "policy.linkerd.io",
    authz_kind: "authorizationpolicy",
    authz_name: "linkerd-gateway",
  };
  const at = { target_addr: "10.1.0.9:4143", target_ip: "10.1.0.9", target_port: "4143" };
  const caller = { tls: "true", client_id: "web.shop.serviceaccount.identity.linkerd.cluster.local" };
  return [
    {
      name: "inbound_http_authz_allow_total",
      labels: { ...at, ...server, srv_port: "4143", ...route, ...authz, ...caller },
      values: counter(per),
    },
    ...scrapes(),
  ];
}

const parent = (namespace: string, name: string) => ({
  ...{ parent_group: "core", parent_kind: "Service", parent_namespace: namespace, parent_name: name },
  ...{ parent_port: "80", parent_section_name: "" },
});
const route = (kind: string) => ({
  ...{ route_group: "", route_kind: "default", route_namespace: "", route_name: kind, hostname: "" },
});

/**
 * Of a caller's proxy: `app/outbound/src/http/logical/policy/route/metrics/labels.rs`. `answers` by status or code; the
 * error where there is no answer.
 */
export function callerProxy(
  protocol: "http" | "grpc",
  [namespace, name]: readonly [namespace: string, name: string],
  answers: Readonly<Record<string, number>>,
  seconds = 0.05,
): Exposed[] {
  const of = { ...parent(namespace, name), ...route(protocol) };
  const status = (answer: string): Labels => {
    if (protocol === "grpc") return { grpc_status: answer, error: "" };
    return /^\d/.test(answer) ? { http_status: answer, error: "" } : { http_status: "", error: answer };
  };
  const per = Object.values(answers).reduce((sum, one) => sum + one, 0);
  const backend = {
    ...{ backend_group: "core", backend_kind: "Service", backend_namespace: namespace, backend_name: name },
    ...{ backend_port: "80", backend_section_name: "" },
  };
  return [
    ...Object.entries(answers).map(([answer, each]) => ({
      name: `outbound_${protocol}_route_request_statuses_total`,
      labels: { ...of, ...status(answer) },
      values: counter(each),
    })),
    ...["0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "10.0", "+Inf"].map((le) => ({
      name: `outbound_${protocol}_route_backend_response_duration_seconds_bucket`,
      labels: { ...of, ...backend, le },
      values: counter(Number(le.replace("+Inf", "Infinity")) >= seconds ? per : 0),
    })),
  ];
}

const server = (service: string) => ({
  ...{
    srv_group: "policy.linkerd.io",
    srv_kind: "server",
    srv_name: `fleet.${service}.http`,
    srv_port: "8080",
  },
});
const ROUTE = { route_group: "", route_kind: "default", route_name: "default" };
const HERE = { target_addr: "10.1.0.7:8080", target_ip: "10.1.0.7", target_port: "8080" };

/** Of the proxy of a service's pod: `app/core/src/metrics.rs`, `InboundEndpointLabels` and `Class`. */
export function memberProxy(service: string, successes: number, failures = 0): Exposed[] {
  const grant = {
    authz_group: "policy.linkerd.io",
    authz_kind: "authorizationpolicy",
    authz_name: `fleet.${service}.us`,
  };
  const caller = { tls: "true", client_id: "web.shop.serviceaccount.identity.linkerd.cluster.local" };
  const labels = { direction: "inbound", ...HERE, ...caller, ...server(service), ...ROUTE, ...grant };
  const answered = (classification: string, status: string, values: string) => ({
    name: "response_total",
    labels: { ...labels, status_code: status, classification, grpc_status: "", error: "" },
    values,
  });
  return [
    { name: "request_total", labels, values: counter(successes + failures) },
    answered("success", "200", counter(successes)),
    ...(failures > 0 ? [answered("failure", "503", counter(failures))] : []),
    ...["10", "20", "+Inf"].map((le) => ({
      name: "response_latency_ms_bucket",
      labels: { ...labels, status_code: "200", le },
      values: counter(le === "10" ? 0 : successes),
    })),
  ];
}

/** Of the same: `app/inbound/src/metrics/authz.rs`, for a caller without a proxy if it has no identity. */
export function refusals(
  service: string,
  protocol: "http" | "tcp",
  clientId: string,
  values: string,
): Exposed[] {
  const caller = clientId
    ? { tls: "true", client_id: clientId }
    : { tls: "no_identity", no_tls_reason: "no_tls_from_remote" };
  return [
    {
      name: `inbound_${protocol}_authz_deny_total`,
      labels: { ...HERE, ...server(service), ...(protocol === "http" ? ROUTE : {}), ...caller },
      values,
    },
  ];
}

/** Of the same: an audit is the default policy of that name (`proxy/server-policy/src/meta.rs`). */
export function audits(
  service: string,
  protocol: "http" | "tcp",
  clientId: string,
  values: string,
): Exposed[] {
  const authz = { authz_group: "", authz_kind: "default", authz_name: "audit" };
  return refusals(service, protocol, clientId, values).map(({ labels, ...rest }) => ({
    ...rest,
    name: `inbound_${protocol}_authz_allow_total`,
    labels: { ...labels, ...authz },
  }));
}

/** Of a service mirror: linkerd2 `multicluster/service-mirror/metrics.go`. `up` is Prometheus' own. */
export function mirror(target: string, alive: number | undefined): Exposed[] {
  const labels = { target_cluster_name: target };
  return [
    { name: "up", labels: {}, values: gauge(1) },
    ...(alive === undefined
      ? []
      : [
          { name: "gateway_alive", labels, values: gauge(alive) },
          { name: "gateway_enabled", labels, values: gauge(1) },
          ...["10", "20", "+Inf"].map((le) => ({
            name: "gateway_probe_latency_ms_bucket",
            labels: { ...labels, le },
            values: counter(le === "10" ? 0 : 6),
          })),
        ]),
  ];
}

/** Of a destination controller: `controller/api/destination/watcher/{prometheus,cluster_store}.go`. */
export function destination(
  targets: number,
  pods: readonly (readonly [cluster: string, namespace: string, service: string, pods: string])[],
): Exposed[] {
  return [
    { name: "cluster_store_size", labels: {}, values: gauge(targets) },
    ...pods.map(([cluster, namespace, service, values]) => ({
      name: "endpoints_pods",
      labels: { cluster, namespace, service, port: "80", hostname: "", nodename: "" },
      values,
    })),
  ];
}

/** Of the identity controller: linkerd2 `pkg/identity/service.go`. */
export function identity(secondsLeft: number): Exposed[] {
  return [{ name: "issuer_cert_ttl_seconds", labels: {}, values: gauge(secondsLeft) }];
}
