import { describe, expect, it } from "vitest";
import { describe as tell } from "../../../ops/report/describe";
import { readPreview } from "../../../ops/report/preview";
import { type Change, previewOf, RELEASE } from "../../../testing/preview";

describe("the report of a preview", () => {
  describe("of admission", () => {
    const admission = (cluster: string, before: object | undefined, after: object | undefined) => ({
      op: before && after ? "update" : after ? "create" : "delete",
      type: "linkerd-fleet:admission:Admission",
      name: `${cluster}-admission`,
      ...(before && { before: { cluster, ...before } }),
      ...(after && { after: { cluster, ...after } }),
    });
    const linesOf = (...changes: Change[]) =>
      tell(readPreview(previewOf(changes))).flatMap(({ lines }) => lines);
    const stop = { why: expect.any(String) };
    const enforce = { mode: "enforce" };

    it("stops where it is loosened, once for all clusters, and not where it is tightened", () => {
      const warn = { mode: "warn" };
      expect(linesOf(admission("eu", enforce, warn), admission("us", enforce, warn))).toEqual([
        { text: "admission of eu, us: enforce → warn", ...stop },
      ]);
      expect(linesOf(admission("us", warn, undefined))).toEqual([
        { text: "admission of us: warn → off", ...stop },
      ]);
      expect(linesOf(admission("us", warn, enforce))).toEqual([{ text: "admission of us: warn → enforce" }]);
      expect(linesOf(admission("us", undefined, warn))).toEqual([{ text: "admission of us: off → warn" }]);
    });

    it("stops for a new operator, not for one that goes", () => {
      const by = (...operators: string[]) => ({ mode: "enforce", operators });
      expect(linesOf(admission("us", by("user:ci"), by("user:ci", "group:sre")))).toEqual([
        { text: "admission of us: operators +group:sre", ...stop },
      ]);
      expect(linesOf(admission("us", by("user:ci", "group:sre"), by("user:ci")))).toEqual([
        { text: "admission of us: operators −group:sre" },
      ]);
      expect(linesOf(admission("us", by("user:ci"), enforce))).toEqual([
        {
          text: "admission of us: operators +everybody who may change admission policies, −user:ci",
          ...stop,
        },
      ]);
    });

    it("is not told of a cluster that comes or goes with it", () => {
      const cluster = (op: string, name: string) => ({ op, type: "linkerd-fleet:cluster:Cluster", name });
      const lines = linesOf(
        cluster("create", "us"),
        admission("us", undefined, enforce),
        cluster("delete", "eu"),
        admission("eu", enforce, undefined),
      );
      expect(lines.map(({ text }) => text)).toEqual(["eu is removed", "us is added"]);
    });
  });

  it("stops where a chart value changes what gets past the mesh, and shows no other value", () => {
    const values = (cluster: string, before: object, after: object) => ({
      op: "update",
      type: RELEASE,
      name: `${cluster}-linkerd-release`,
      before: { values: { clusterDomain: "SECRET-OLD", ...before } },
      after: { values: { clusterDomain: "SECRET-NEW", ...after } },
      cluster,
    });
    const open = { proxy: { defaultInboundPolicy: "all-unauthenticated" } };
    const skip = { proxyInit: { ignoreInboundPorts: "4567,8080" } };
    const sections = tell(
      readPreview(
        previewOf([
          values("eu", { proxy: { defaultInboundPolicy: "deny" } }, open),
          values("us", { proxy: { defaultInboundPolicy: "deny" } }, open),
          values("us2", {}, skip),
          values(
            "us3",
            { gateway: { loadBalancerSourceRanges: ["10.0.0.0/8"] } },
            { gateway: { loadBalancerSourceRanges: [] } },
          ),
        ]),
      ),
    );
    const stop = { why: expect.any(String) };
    expect(sections).toEqual([
      {
        title: "Admission and default policies",
        lines: [
          { text: "proxy.defaultInboundPolicy of eu, us: deny → all-unauthenticated", ...stop },
          { text: "proxyInit.ignoreInboundPorts of us2: the chart's own → 4567,8080", ...stop },
          { text: "gateway.loadBalancerSourceRanges of us3: 10.0.0.0/8 → none", ...stop },
        ],
      },
    ]);
  });
});
