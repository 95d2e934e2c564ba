import { describe, expect, it } from "vitest";
import { gatewayNotes } from "../../../fleet/gateways/notes";
import { multiclusterValues } from "../../../fleet/linkerd/values";
import { planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";

const gatewayService = (name: string, namespace: string, clusters: string[]) => ({
  ...{ name, namespace, mode: "gateway", in: clusters, ports: ["http"] },
  allowGateway: true,
});
const SERVICES = [
  gatewayService("reports", "bi", ["a", "b"]),
  gatewayService("audit", "ops", ["b"]),
  { name: "checkout", namespace: "shop", mode: "flat", in: ["b"], ports: ["http"] },
];

function planOf(settings: Record<string, unknown> = {}, linkerd: Record<string, unknown> = {}) {
  return planFleet(
    fleetOf(
      { a: cluster("a"), b: cluster("b", settings), c: cluster("c") },
      { services: SERVICES, linkerd: { version: "2026.8.3", ...linkerd } },
    ),
  );
}

function gatewayOf(name: string, ...of: Parameters<typeof planOf>) {
  const found = planOf(...of).clusters.find((one) => one.name === name);
  return found && multiclusterValues(found).gateway;
}

const env = (value: string) => ({
  "config.linkerd.io/proxy-additional-env": JSON.stringify([
    { name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value },
  ]),
});

describe("a gateway", () => {
  it("forwards to the services that cross through it, and to no other Service of its cluster", () => {
    expect(gatewayOf("b")).toMatchObject({
      deploymentAnnotations: env("audit.ops.svc.cluster.local.,reports.bi.svc.cluster.local."),
    });
    expect(gatewayOf("c")).toMatchObject({ deploymentAnnotations: env("nothing.invalid.") });
    expect(gatewayOf("b", { clusterDomain: "b.example.com" })).toMatchObject({
      deploymentAnnotations: env("audit.ops.svc.b.example.com.,reports.bi.svc.b.example.com."),
    });
  });

  it("keeps that while its cluster is evacuated: no pod restarts on the way out or back", () => {
    expect(gatewayOf("b", { evacuate: true })).toEqual(gatewayOf("b"));
  });

  it("forwards to everything where the stack file says so, which previews tell", () => {
    const any = { gateway: { type: "loadBalancer", reach: "any" } };
    expect(gatewayOf("b", any)).not.toHaveProperty("deploymentAnnotations");
    expect(gatewayNotes(planOf(any))).toEqual([
      "The gateway of b forwards to every Service of its cluster, exported or not: `reach: any` in clusters.b.gateway.",
    ]);
    expect(gatewayNotes(planOf())).toEqual([]);
  });

  it("keeps what the stack file says besides in the same annotation", () => {
    const other = { name: "LINKERD2_PROXY_LOG", value: "debug" };
    const suffixes = { name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "." };
    const annotation = JSON.stringify([other, suffixes]);
    const values = {
      gateway: { deploymentAnnotations: { "config.linkerd.io/proxy-additional-env": annotation, a: "b" } },
    };
    const { deploymentAnnotations } = gatewayOf("c", {}, { charts: { multicluster: { values } } }) as {
      deploymentAnnotations: Record<string, string>;
    };
    expect(deploymentAnnotations.a).toBe("b");
    expect(JSON.parse(deploymentAnnotations["config.linkerd.io/proxy-additional-env"] ?? "")).toEqual([
      other,
      { ...suffixes, value: "nothing.invalid." },
    ]);
  });

  it("has two pods where services cross through it, unless the stack file or high availability says how many", () => {
    expect(gatewayOf("b")).toMatchObject({ replicas: 2 });
    expect(gatewayOf("c")).not.toHaveProperty("replicas");
    expect(gatewayOf("b", { gateway: { type: "loadBalancer", replicas: 1 } })).toMatchObject({ replicas: 1 });
    expect(gatewayOf("b", {}, { ha: true })).toMatchObject({ replicas: 3 });
  });

  it.each([
    ["2026.4.3", false],
    ["2026.4.2", true],
    ["2025.12.1", true],
    ["2027.1.1", false],
    ["2.20.0", false],
    ["2.19.4", true],
  ])("of Linkerd %s cannot be limited: %s", (version, told) => {
    expect(gatewayNotes(planOf({}, { version })).length > 0).toBe(told);
  });
});
