import { describe, expect, it } from "vitest";
import { mergeValues, planInstall } from "../../../fleet/linkerd/charts";
import { type LinkerdConfig, linkerdConfig, linkerdOverrides } from "../../../fleet/linkerd/schema";

const fleet = (more: object = {}): LinkerdConfig => linkerdConfig.parse({ version: "2026.8.3", ...more });
const install = (more: object = {}, overrides: object = {}) =>
  planInstall(fleet(more), linkerdOverrides.parse(overrides));

describe("where a chart comes from", () => {
  it.each([
    ["the channel's repository", {}, { chart: "linkerd-crds", repository: "https://helm.linkerd.io/edge" }],
    [
      "the enterprise repository, under its own name",
      { channel: "enterprise", version: "2.19.0", license: { secret: "stored" } },
      { chart: "linkerd-enterprise-crds", repository: "https://helm.buoyant.cloud" },
    ],
    [
      "a mirror",
      { source: "https://m.example.com/c" },
      { chart: "linkerd-crds", repository: "https://m.example.com/c" },
    ],
    ["an OCI registry", { source: "oci://r.example.com/l" }, { chart: "oci://r.example.com/l/linkerd-crds" }],
    [
      "one in capital letters",
      { source: "OCI://R.example.com/l/" },
      { chart: "oci://R.example.com/l/linkerd-crds" },
    ],
    ["a local folder", { source: "./charts/" }, { chart: "./charts/linkerd-crds" }],
    ["a file", { charts: { crds: { source: "./crds.tgz" } } }, { chart: "./crds.tgz" }],
    [
      "a file that is downloaded",
      { charts: { crds: { source: "https://m.example.com/crds.tgz" } } },
      { chart: "https://m.example.com/crds.tgz" },
    ],
  ])("is %s", (_, settings, place) => {
    const { chart, repository } = install(settings).crds;
    expect({ chart, ...(repository === undefined ? {} : { repository }) }).toEqual(place);
  });

  it("bears the channel's name, each of them; linkerd-viz has one name in both", () => {
    const names = (settings: object) => {
      const { crds, controlPlane, multicluster, viz } = install({ viz: true, ...settings });
      return [crds, controlPlane, multicluster, viz].map((one) => one?.chart);
    };
    expect(names({})).toEqual([
      "linkerd-crds",
      "linkerd-control-plane",
      "linkerd-multicluster",
      "linkerd-viz",
    ]);
    const enterprise = { channel: "enterprise", version: "2.19.0", license: { secret: "stored" } };
    expect(names(enterprise)).toEqual([
      "linkerd-enterprise-crds",
      "linkerd-enterprise-control-plane",
      "linkerd-enterprise-multicluster",
      "linkerd-viz",
    ]);
  });

  it("is said by the chart before the fleet, and by the cluster before both", () => {
    const settings = { source: "./all", charts: { crds: { source: "./crds" } } };
    expect(install(settings).controlPlane.chart).toBe("./all/linkerd-control-plane");
    expect(install(settings).crds.chart).toBe("./crds/linkerd-crds");
    expect(install(settings, { charts: { crds: { source: "./own" } } }).crds.chart).toBe(
      "./own/linkerd-crds",
    );
  });
});

describe("the install of a cluster", () => {
  it("takes the version of its chart, of itself, of the fleet's chart, of the fleet, in this order", () => {
    const charts = { crds: { version: "2026.8.4" } };
    expect(install().crds.version).toBe("2026.8.3");
    expect(install({ charts }).crds.version).toBe("2026.8.4");
    expect(install({ charts }).multicluster.version).toBe("2026.8.3");
    expect(install({ charts }, { version: "2026.9.1" }).crds.version).toBe("2026.9.1");
    expect(
      install({ charts }, { version: "2026.9.1", charts: { crds: { version: "2026.9.2" } } }).crds.version,
    ).toBe("2026.9.2");
  });

  it("overrides the fleet setting by setting", () => {
    expect(install({ ha: true, timeoutSeconds: 60 }, { gatewayApi: "existing" })).toMatchObject({
      ha: true,
      timeoutSeconds: 60,
      gatewayApi: "existing",
    });
    expect(install({ ha: true }, { ha: false }).ha).toBe(false);
  });

  it("merges its chart values over the fleet's, map by map", () => {
    const values = (of: object) => ({ charts: { multicluster: { values: of } } });
    expect(
      install(values({ a: { x: 1, y: 1 }, list: [1, 2] }), values({ a: { y: 2 }, list: [3] })).multicluster
        .values,
    ).toEqual({ a: { x: 1, y: 2 }, list: [3] });
  });
});

describe("merged values", () => {
  it("leave both sides as they were, and replace lists and instances whole", () => {
    const under = Object.freeze({ a: Object.freeze({ x: 1 }), when: new Date(0) });
    const when = new Date(1);
    expect(mergeValues(under, { a: { y: 2 }, when })).toEqual({ a: { x: 1, y: 2 }, when });
    expect(mergeValues(under, { a: [1] }).a).toEqual([1]);
    expect(under).toEqual({ a: { x: 1 }, when: new Date(0) });
  });
});
