import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import {
  gatewayApiCrds,
  gatewayApiProblem,
  isOlderGatewayApi,
  ownGatewayApiCrd,
} from "../../../fleet/linkerd/gatewayApi";
import { crdsRelease } from "../../../fleet/linkerd/releases";
import { planFleet } from "../../../fleet/plan";
import { gatewayApiProblems, readGatewayApi } from "../../../live/gatewayApi";
import { cluster, fleetOf } from "../../../testing/fleets";

const crd = (plural: string, version = "v1.2.1", more: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: `${plural}.gateway.networking.k8s.io`,
    annotations: { "gateway.networking.k8s.io/bundle-version": version },
    creationTimestamp: null,
  },
  spec: {
    group: "gateway.networking.k8s.io",
    versions: [
      {
        name: "v1",
        schema: {
          openAPIV3Schema: {
            description: "A route.",
            properties: { description: { type: "string", description: "A field of that name." } },
          },
        },
      },
    ],
  },
  status: { conditions: null },
  ...more,
});

const yaml = (...objects: object[]) => objects.map((object) => stringify(object)).join("---\n");
const BOTH = [crd("httproutes"), crd("grpcroutes")];
const wanted = { version: "1.2.1", file: "./gateway-api" };

describe("the CRDs of an install file", () => {
  it("are those of Linkerd's kinds, without what else it holds", () => {
    const content = yaml(...BOTH, crd("gateways"), { apiVersion: "v1", kind: "Namespace" }, crd("tcproutes"));
    expect(gatewayApiCrds(content).map(({ metadata }) => metadata.name.split(".")[0])).toEqual([
      "httproutes",
      "grpcroutes",
      "tcproutes",
    ]);
    expect(gatewayApiCrds(`# Copyright\n---\n${content}---\n`)).toHaveLength(3);
  });

  it("have no status and no descriptions, but fields of that name", () => {
    const [first] = gatewayApiCrds(yaml(crd("httproutes")));
    expect(first).not.toHaveProperty("status");
    expect(first?.spec.versions).toEqual([
      { name: "v1", schema: { openAPIV3Schema: { properties: { description: { type: "string" } } } } },
    ]);
  });

  it("are marked for Helm to keep and for the program to know, beside their own marks", () => {
    const [first] = gatewayApiCrds(yaml(crd("httproutes")));
    expect(first && ownGatewayApiCrd(first, wanted).metadata).toEqual({
      name: "httproutes.gateway.networking.k8s.io",
      annotations: {
        "gateway.networking.k8s.io/bundle-version": "v1.2.1",
        "helm.sh/resource-policy": "keep",
        "pulumi.com/patchForce": "true",
        "linkerd-fleet/gateway-api": "1.2.1",
      },
    });
  });

  it.each([
    ["as wanted", yaml(...BOTH), undefined],
    [
      "of another version",
      yaml(crd("httproutes", "v1.3.0"), crd("grpcroutes")),
      "and ./gateway-api holds 1.3.0",
    ],
    ["without GRPCRoute", yaml(crd("httproutes")), "has no CRD grpcroutes.gateway.networking.k8s.io"],
    ["of nothing", "", "has no CRD httproutes.gateway.networking.k8s.io, grpcroutes."],
    ["that is no YAML", "httproutes.gateway.networking.k8s.io: [", "is not YAML"],
    ["that is not there", undefined, "cannot be read"],
  ])("are judged: %s", (_, content, problem) => {
    const found = gatewayApiProblem(wanted, ["eu", "us"], content)?.problem;
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
    if (found !== undefined) expect(found).toContain("eu, us");
  });
});

describe("versions of the Gateway API", () => {
  it("are ordered by their numbers", () => {
    const number = fc.nat(30);
    fc.assert(
      fc.property(fc.tuple(number, number, number), fc.tuple(number, number, number), (a, b) => {
        const at = a.findIndex((part, index) => part !== b[index]);
        const older = at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
        expect(isOlderGatewayApi(`v${a.join(".")}`, b.join("."))).toBe(older);
      }),
    );
    expect(isOlderGatewayApi("1.2.1", "v1.10.0-rc.1")).toBe(true);
  });
});

describe("a fleet whose Gateway API comes from the project", () => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "linkerd-fleet-gateway-api-"));
    mkdirSync(join(project, "gateway-api"));
    for (const one of BOTH) {
      writeFileSync(join(project, "gateway-api", `${one.metadata.name}.yaml`), stringify(one));
    }
    writeFileSync(
      join(project, "gateway-api", "README.md"),
      "---\nhttproutes.gateway.networking.k8s.io: [\n",
    );
  });
  afterAll(() => rmSync(project, { recursive: true }));
  const planned = (version: string, file: string) =>
    planFleet(
      fleetOf(
        {
          us: cluster("us"),
          eu: cluster("eu"),
          apac: cluster("apac", { linkerd: { gatewayApi: "bundled" } }),
        },
        { linkerd: { version: "2026.8.3", gatewayApi: { version, file } } },
      ),
    );

  it("is told once what is wrong with the file, for the clusters that want it", () => {
    expect(gatewayApiProblems(planned("1.2.1", "./gateway-api"), project)).toEqual([]);
    expect(gatewayApiProblems(planned("1.3.0", "gateway-api"), project)).toMatchObject([
      { problem: "names version 1.3.0 for eu, us, and gateway-api holds 1.2.1" },
    ]);
    expect(gatewayApiProblems(planned("1.2.1", "./nowhere"), project)).toHaveLength(1);
  });

  it("reads all files of a folder", () => {
    expect(readGatewayApi(project, "./gateway-api")).toHaveLength(2);
  });

  it("has charts that bring none", () => {
    const values = planned("1.2.1", "./gateway-api").clusters.map((one) => [
      one.name,
      crdsRelease(one).values.installGatewayAPI,
    ]);
    expect(values).toEqual([
      ["apac", true],
      ["eu", false],
      ["us", false],
    ]);
  });
});
