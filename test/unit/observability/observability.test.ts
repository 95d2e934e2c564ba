import { parser } from "@prometheus-io/lezer-promql";
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { controlPlaneValues } from "../../../fleet/linkerd/values";
import { DASHBOARD } from "../../../fleet/observability/dashboard";
import { RECORDED } from "../../../fleet/observability/recorded";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf, meshConfig, meshPlan } from "../../../testing/fleets";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const observability = { prometheus: { namespace: "monitoring", serviceAccount: "prometheus" } };
const checkout = { name: "checkout", namespace: "shop", ports: ["http"] };

/** Where Prometheus would not understand an expression. */
function syntaxErrors(expr: string): string[] {
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(`${expr} at ${from}`);
    },
  });
  return errors;
}

function alertsOf(more: Record<string, unknown>, name = "c001"): Map<string, string[]> {
  const plan = meshPlan(3, { observability, ...more });
  const alerts = plan.clusters.find((one) => one.name === name)?.observability?.alerts ?? [];
  return new Map(
    [...Map.groupBy(alerts, ({ alert }) => alert)].map(([alert, of]) => [alert, of.map(({ expr }) => expr)]),
  );
}

describe("rules", () => {
  it("are expressions that Prometheus understands, for any fleet", () => {
    expect(syntaxErrors("sum by (x) (up{a=}")).not.toEqual([]);
    fc.assert(
      fc.property(
        fc.boolean().chain((audits) => fleetInputs({ audits })),
        (input) => {
          const plan = planFleet({
            ...configOf(input),
            observability: meshConfig(1, { observability }).observability,
          });
          const rules = plan.clusters.flatMap(({ observability: of }) =>
            of ? [...of.recorded, ...of.alerts] : [],
          );
          expect(rules.flatMap(({ expr }) => syntaxErrors(expr))).toEqual([]);
        },
      ),
    );
  });

  it("watch every outgoing link's service mirror, and the gateways that are probed", () => {
    const gateway = { services: [{ ...checkout, mode: "gateway", in: ["c002"], allowGateway: true }] };
    const alerts = alertsOf(gateway);
    expect(alerts.get("LinkerdLinkNotMirroring")).toHaveLength(2);
    expect(alerts.get("LinkerdGatewayDown")?.join()).toContain('"c002|c003"');
    expect(alerts.get("LinkerdTargetUnknown")?.join()).toContain("< 2");
  });

  it("do not take the service mirror of us-east for that of us", () => {
    const [expr] = alertsOf({}).get("LinkerdLinkNotMirroring") ?? [];
    const pod = new RegExp(`^${/pod=~"([^"]+)"/.exec(expr ?? "")?.[1]}$`);
    expect(pod.test("controller-c002-7c9d8f-x2x4z")).toBe(true);
    expect(pod.test("controller-c002-east-7c9d8f-x2x4z")).toBe(false);
  });

  it("watch for the last member only where a federated service has several", () => {
    const federated = (clusters: string[]) => ({
      services: [{ ...checkout, mode: "federated", in: clusters }],
    });
    expect(alertsOf(federated(["c001"])).has("LinkerdServiceLastMember")).toBe(false);
    expect(
      alertsOf(federated(["c001", "c002"]))
        .get("LinkerdServiceLastMember")
        ?.join(),
    ).toContain('namespace="shop", member=~"c001|c002", service=~"checkout"');
  });
});

describe("the count of what an audit lets in", () => {
  const audited = (more: object) => ({
    services: [{ ...checkout, mode: "federated", in: ["c001"], enforce: "audit", probes: [], ...more }],
  });
  const expression = (more: object, name = "c001") =>
    alertsOf(audited(more), name).get("LinkerdAuditWouldRefuse")?.join() ?? "";

  it("is of a cluster's own audited services alone", () => {
    expect(
      alertsOf({ services: [{ ...checkout, mode: "federated", in: ["c001"] }] }).has(
        "LinkerdAuditWouldRefuse",
      ),
    ).toBe(false);
    expect(expression({}, "c002")).toBe("");
    expect(expression({ ports: ["http", 9090] })).toContain(
      'inbound_http_authz_allow_total{authz_kind="default", authz_name="audit", namespace="shop", ' +
        'srv_name=~"fleet[.]checkout[.]http|fleet[.]checkout[.]9090"}',
    );
  });

  it("leaves out what a proxy counts by chance: connections where some callers have no identity", () => {
    expect(expression({})).not.toContain("inbound_tcp");
    expect(expression({ protocol: "opaque" })).toBe("");
    expect(expression({ protocol: "HTTP/2", local: "none" })).not.toContain("inbound_tcp");
  });

  it("leaves out the callers of a connection that have a grant, where these are known by their identities", () => {
    const allow = [{ namespace: "shop", serviceAccount: "web" }, { namespace: "billing" }];
    const expr = expression({ protocol: "opaque", local: "none", allow });
    expect(expr).toContain("inbound_tcp_authz_allow_total");
    const pattern = new RegExp(`^(?:${/client_id!~"([^"]+)"/.exec(expr)?.[1]})$`);
    const identity = (account: string, namespace: string) =>
      `${account}.${namespace}.serviceaccount.identity.linkerd.cluster.local`;
    expect(pattern.test(identity("web", "shop"))).toBe(true);
    expect(pattern.test(identity("any", "billing"))).toBe(true);
    expect(pattern.test(identity("batch", "shop"))).toBe(false);
    // A caller without a proxy has an empty label.
    expect(pattern.test("")).toBe(false);
    const anyMeshed = expression({ protocol: "opaque", local: "none", allowAnyMeshed: true });
    expect(new RegExp(`^(?:${/client_id!~"([^"]+)"/.exec(anyMeshed)?.[1]})$`).test("")).toBe(false);
    expect(expression({ protocol: "gRPC", local: "none", allow })).toContain(
      "inbound_http_authz_allow_total",
    );
  });
});

it("the dashboard asks what Prometheus understands, and its panels do not overlap", () => {
  const { panels } = DASHBOARD;
  expect(
    panels.flatMap((panel) => (panel.type === "row" ? [] : syntaxErrors(panel.targets[0].expr))),
  ).toEqual([]);
  const taken = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  expect(new Set(taken).size).toBe(taken.length);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

describe("a cluster's observability", () => {
  const deploy = (more: Record<string, unknown>, clusters = {}): Promise<Registered[]> => {
    const config = meshConfig(2, more);
    const plan = planFleet({ ...config, clusters: { ...config.clusters, ...clusters } });
    return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
  };
  const ours = (all: Registered[]) => all.filter(({ name }) => name.includes("-observability"));

  it("is not there unless asked for", async () => {
    expect(ours(await deploy({}))).toEqual([]);
    expect(controlPlaneValues(one(meshPlan(1)), noTrust)).not.toHaveProperty("podMonitor");
    expect(controlPlaneValues(one(meshPlan(1, { observability })), noTrust)).toMatchObject({
      podMonitor: { enabled: true, serviceMirror: { enabled: false } },
    });
  });

  it("lets the named Prometheus read the metrics of the multicluster extension, by its identity", async () => {
    const all = ours(await deploy({ observability }));
    const identity = all.find(({ name }) => name === "c001-observability-prometheus");
    expect(identity?.inputs).toMatchObject({
      kind: "MeshTLSAuthentication",
      spec: { identities: ["prometheus.monitoring.serviceaccount.identity.linkerd.cluster.local"] },
    });
    const policies = all.filter(
      ({ inputs, name }) => inputs.kind === "AuthorizationPolicy" && name.startsWith("c001"),
    );
    expect(policies.map(({ inputs }) => inputs.spec)).toMatchObject(
      ["linkerd-admin", "controller", "local-service-mirror"].map((name) => ({
        targetRef: { kind: "Server", name },
        requiredAuthenticationRefs: [{ kind: "MeshTLSAuthentication", name: "linkerd-fleet.prometheus" }],
      })),
    );
  });

  it("names the scrape as the time of a value, as the charts do, and records for the dashboard", async () => {
    const all = ours(await deploy({ observability }));
    const byScrape = expect.objectContaining({ honorTimestamps: false });
    expect(all.find(({ inputs }) => inputs.kind === "PodMonitor")?.inputs).toMatchObject({
      spec: { podMetricsEndpoints: [byScrape, byScrape] },
    });
    const recording = expect.objectContaining({ record: RECORDED.proxies, labels: { cluster: "c002" } });
    expect(all.find(({ name }) => name === "c002-observability-alerts")?.inputs).toMatchObject({
      spec: { groups: [{ rules: expect.arrayContaining([recording]) }] },
    });
  });

  it("lets in the networks of a Prometheus that has no proxy", async () => {
    const prometheus = { ...observability.prometheus, networks: ["10.9.0.0/16"] };
    const all = ours(await deploy({ observability: { prometheus } }));
    expect(all.find(({ name }) => name === "c001-observability-prometheus")?.inputs).toMatchObject({
      kind: "NetworkAuthentication",
      spec: { networks: [{ cidr: "10.9.0.0/16" }] },
    });
  });

  it("is left out where the stack file says so", async () => {
    const config = meshConfig(2, { observability });
    const { c002 } = config.clusters;
    if (!c002) throw new Error("no c002");
    const all = ours(await deploy({ observability }, { c002: { ...c002, observed: false } }));
    expect(all.filter(({ name }) => name.startsWith("c002"))).toEqual([]);
    expect(all.length).toBeGreaterThan(0);
  });
});

describe("a cluster with an Emissary as its gateway", () => {
  const planned = (gateway: Record<string, unknown>) =>
    planFleet(fleetOf({ a: cluster("a"), b: cluster("b", { gateway }) }, { observability }));

  it("lets Prometheus read its proxy, which is closed to everybody else", async () => {
    const plan = planned({ type: "emissary", namespace: "edge" });
    const all = await runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
    const find = (name: string) => all.find((one) => one.name === name)?.inputs;
    expect(find("b-emissary-linkerd-admin")).toMatchObject({
      metadata: { name: "fleet.gateway-admin", namespace: "edge" },
      spec: { accessPolicy: "deny" },
    });
    expect(find("b-observability-emissary-fleet.gateway-admin")).toMatchObject({
      metadata: { namespace: "edge" },
      spec: {
        targetRef: { kind: "Server", name: "fleet.gateway-admin" },
        requiredAuthenticationRefs: [{ kind: "MeshTLSAuthentication", name: "linkerd-fleet.prometheus" }],
      },
    });
    expect(find("b-observability-emissary-prometheus")).toMatchObject({
      metadata: { name: "linkerd-fleet.prometheus", namespace: "edge" },
      spec: { identities: ["prometheus.monitoring.serviceaccount.identity.linkerd.cluster.local"] },
    });
    expect(all.filter(({ name }) => name.startsWith("a-observability-emissary"))).toEqual([]);
  });

  it("counts the requests of that Emissary's proxies; of the chart's gateway elsewhere, and none without", () => {
    const requests = (gateway: Record<string, unknown>) => {
      const [, b] = planned(gateway).clusters;
      return b?.observability?.recorded
        .filter(({ record }) => record === RECORDED.gatewayRequests)
        .map(({ expr }) => /namespace=".*?", deployment=".*?"/.exec(expr)?.[0]);
    };
    expect(requests({ type: "emissary", namespace: "edge", deployment: "ambassador" })).toEqual([
      'namespace="edge", deployment="ambassador"',
    ]);
    expect(requests({ type: "loadBalancer" })).toEqual([
      'namespace="linkerd-multicluster", deployment="linkerd-gateway"',
    ]);
    expect(requests({ type: "none" })).toEqual([]);
  });
});

const noTrust = { bundle: "", webhooks: [] };
function one(plan: ReturnType<typeof meshPlan>) {
  const [first] = plan.clusters;
  if (!first) throw new Error("no cluster");
  return first;
}
