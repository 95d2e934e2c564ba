import { describe, expect, it } from "vitest";
import { missingApis, missingNamespaces } from "../../../components/preflight";
import { requiredApis, requiredNamespaces } from "../../../fleet/clusters/requirements";
import type { LiveCluster, Read } from "../../../live/cluster";
import { meshPlan } from "../../../testing/fleets";

const observability = { prometheus: { namespace: "monitoring", serviceAccount: "prometheus" } };

describe("kinds that others install", () => {
  const required = requiredApis(meshPlan(2, { observability }));
  const answer = (read: Read<unknown>): Pick<LiveCluster, "get"> => ({
    get: async (_, shape) =>
      read.state === "found" ? { state: "found", value: shape.parse(read.value) } : read,
  });
  const found = (...kinds: string[]) =>
    answer({ state: "found", value: { resources: kinds.map((kind) => ({ kind })) } });

  it("are asked for only where the plan needs them", () => {
    expect(requiredApis(meshPlan(2))).toEqual([]);
    expect(required.map(({ cluster }) => cluster)).toEqual(["c001", "c002"]);
  });

  it("are named with the cluster that lacks them, and what to do", async () => {
    const clusters = new Map([
      ["c001", found("PodMonitor", "PrometheusRule")],
      ["c002", found("PodMonitor")],
    ]);
    expect((await missingApis(required, clusters)).problems).toEqual([
      {
        path: "observability",
        problem: "c002 has no PrometheusRule of monitoring.coreos.com/v1",
        fix: "install the Prometheus Operator (or its CRDs) in c002, or write clusters.c002.observed: false",
      },
    ]);
    const none = await missingApis(required, new Map([["c001", answer({ state: "missing" })]]));
    expect(none.problems.map(({ problem }) => problem)).toEqual([
      "c001 has no PodMonitor, PrometheusRule of monitoring.coreos.com/v1",
    ]);
  });

  it("are not judged in a cluster that does not answer, which is said: it must not hold up the others", async () => {
    const dead = answer({ state: "failed", why: "unreachable", message: "no answer" });
    const warnings = [expect.stringMatching(/^c001 was not checked .*: no answer$/)];
    const unchecked = { problems: [], warnings };
    expect(await missingApis(required, new Map([["c001", dead]]))).toEqual(unchecked);
    expect(await missingNamespaces(dashboards("grafana"), new Map([["c001", dead]]))).toEqual(unchecked);
  });

  it("are the routes of the Gateway API, where it is not brought along", async () => {
    const linkerd = { version: "2026.8.3", gatewayApi: "existing" };
    const routes = requiredApis(meshPlan(1, { linkerd }));
    const missing = await missingApis(routes, new Map([["c001", found("GatewayClass")]]));
    expect(missing.problems).toMatchObject([
      { path: "linkerd.gatewayApi", problem: "c001 has no HTTPRoute of gateway.networking.k8s.io/v1" },
    ]);
  });

  const dashboards = (namespace: string) =>
    requiredNamespaces(meshPlan(1, { observability: { ...observability, dashboard: { namespace } } }));

  it("are not all: a dashboard needs a namespace, unless it is one that comes with Linkerd", async () => {
    const lacking = new Map([["c001", answer({ state: "missing" })]]);
    expect((await missingNamespaces(dashboards("grafana"), lacking)).problems).toMatchObject([
      { path: "observability.dashboard.namespace", problem: "c001 has no namespace grafana" },
    ]);
    expect(dashboards("linkerd-viz")).toEqual([]);
    expect(requiredNamespaces(meshPlan(1, { observability }))).toEqual([]);
  });
});
