import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { meshPlan } from "../../../testing/fleets";
import type { Registered } from "../../../testing/mocks";
import { at, deploy } from "./deployed";

const KINDS = ["httproutes", "grpcroutes"];
const CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";

let folder: string;
let all: Registered[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-crds-"));
  for (const kind of KINDS) {
    const crd = {
      ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
      metadata: { name: `${kind}.gateway.networking.k8s.io` },
      spec: { versions: [{ name: "v1" }] },
    };
    writeFileSync(join(folder, `${kind}.yaml`), JSON.stringify(crd));
  }
  const gatewayApi = { version: "1.2.1", file: folder };
  all = await deploy(meshPlan(2, { linkerd: { version: "2026.8.3", gatewayApi } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("CRDs of a file are kept by Helm, and come before the release that has them no more", () => {
  for (const cluster of ["c001", "c002"]) {
    const names = KINDS.map((kind) => `${cluster}-linkerd-gateway-api-${kind}`);
    const crds = all.filter(({ type, name }) => type === CRD && names.includes(name));
    expect(crds).toHaveLength(2);
    for (const crd of crds) {
      expect(at(crd, "metadata", "annotations", "helm.sh/resource-policy")).toBe("keep");
      expect(at(crd, "metadata", "annotations", "linkerd-fleet/gateway-api")).toBe("1.2.1");
    }
    const release = all.find(({ name }) => name === `${cluster}-linkerd-crds`);
    expect(release?.dependsOn).toEqual(expect.arrayContaining(names));
    expect(at(release, "values", "installGatewayAPI")).toBe(false);
  }
});
