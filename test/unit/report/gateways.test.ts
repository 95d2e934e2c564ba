import { describe, expect, it } from "vitest";
import { describe as tell } from "../../../ops/report/describe";
import { readPreview } from "../../../ops/report/preview";
import { type Change, previewOf, RELEASE } from "../../../testing/preview";

describe("the report of a preview", () => {
  it("stops for a gateway that forwards to every Service, the chart's or Emissary's, and tells one that is closed", () => {
    const key = "config.linkerd.io/proxy-additional-env";
    const told = JSON.stringify([{ name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "a.b.svc.x." }]);
    const annotations = (limited: boolean) => (limited ? { [key]: told } : {});
    const chart = (limited: boolean) => ({
      values: { gateway: { enabled: true, deploymentAnnotations: annotations(limited) } },
    });
    const emissary = (limited: boolean) => ({
      metadata: { name: "emissary" },
      spec: {
        template: {
          metadata: { annotations: { "config.linkerd.io/enable-gateway": "true", ...annotations(limited) } },
        },
      },
    });
    const PATCH = "kubernetes:apps/v1:DeploymentPatch";
    const linesOf = (type: string, after: object, before?: object) =>
      tell(
        readPreview(
          previewOf([
            {
              op: before ? "update" : "create",
              type,
              name: "g",
              cluster: "us",
              after,
              ...(before && { before }),
            },
          ]),
        ),
      ).flatMap(({ title, lines }) => (title === "Services that cross" ? lines : []));
    const open = {
      text: "the gateway of us forwards to every Service of its cluster (`reach: any`)",
      why: "other clusters also reach services that are not exported",
    };
    for (const [type, gateway] of [
      [RELEASE, chart],
      [PATCH, emissary],
    ] as const) {
      expect(linesOf(type, gateway(false))).toEqual([open]);
      expect(linesOf(type, gateway(false), gateway(true))).toEqual([open]);
      expect(linesOf(type, gateway(false), gateway(false))).toEqual([]);
      expect(linesOf(type, gateway(true))).toEqual([]);
      expect(linesOf(type, gateway(true), gateway(false))).toEqual([
        { text: "the gateway of us forwards only to the declared services from now on" },
      ]);
    }
    expect(linesOf(RELEASE, { values: { gateway: { enabled: false } } })).toEqual([]);
  });

  it("tells the networks of a gateway, and stops where they are the whole Internet", () => {
    const networks = (...cidrs: string[]) => ({ spec: { networks: cidrs.map((cidr) => ({ cidr })) } });
    const change = (before: object, after: object) => ({
      op: "update",
      type: "kubernetes:policy.linkerd.io/v1alpha1:NetworkAuthenticationPatch",
      name: "us-multicluster-gateway-networks",
      before,
      after,
      cluster: "us",
    });
    const linesOf = (of: Change) => tell(readPreview(previewOf([of]))).flatMap(({ lines }) => lines);
    const line = "NetworkAuthenticationPatch us-multicluster-gateway-networks changes in us: ";
    expect(linesOf(change(networks("192.0.2.0/24"), networks("0.0.0.0/0")))).toEqual([
      { text: `${line}+0.0.0.0/0, −192.0.2.0/24`, why: "it takes callers of the whole Internet" },
    ]);
    expect(linesOf(change(networks("0.0.0.0/0"), networks("192.0.2.0/24")))).toEqual([
      { text: `${line}+192.0.2.0/24, −0.0.0.0/0` },
    ]);
  });
});

describe("CRDs of the Gateway API", () => {
  const crd = (op: string, plural: string, cluster: string, before?: string, after?: string): Change => {
    const of = (version: string) => ({
      metadata: { annotations: { "linkerd-fleet/gateway-api": version } },
    });
    return {
      ...{ op, type: "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", cluster },
      name: `${cluster}-gateway-api-${plural}`,
      ...(before && { before: of(before) }),
      ...(after && { after: of(after) }),
    };
  };

  it("are one line for each step of their version, which names the clusters", () => {
    const preview = previewOf([
      ...["httproutes", "grpcroutes"].map((plural) => crd("create", plural, "us", undefined, "1.2.1")),
      crd("create", "httproutes", "eu", undefined, "1.2.1"),
      crd("update", "httproutes", "ap", "1.2.1", "1.4.0"),
      crd("delete", "httproutes", "sa", "1.2.1"),
    ]);
    const versions = tell(readPreview(preview)).find(({ title }) => title === "Versions");
    expect(versions?.lines.map(({ text }) => text)).toEqual([
      "Gateway API 1.2.1 → 1.4.0: ap",
      "Gateway API 1.2.1: eu, us",
      "Gateway API 1.2.1 is left as it is: sa",
    ]);
  });
});
