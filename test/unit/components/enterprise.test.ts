import { beforeAll, describe, expect, it } from "vitest";
import { meshPlan } from "../../../testing/fleets";
import { PLANTED, type Registered, SECRET_SIGNATURE } from "../../../testing/mocks";
import { at, decoded, deploy } from "./deployed";

describe("a private mirror of the enterprise channel", () => {
  const linkerd = {
    channel: "enterprise",
    version: "2.19.0",
    license: { secret: "license" },
    images: { registry: "mirror.example.com/linkerd", pullSecret: { secret: "registry" } },
    cni: true,
    viz: true,
    charts: { viz: { source: "./charts/linkerd-viz", version: "2026.8.3" } },
  };
  let all: Registered[];
  const named = (name: string) => all.find((resource) => resource.name === name);
  beforeAll(async () => {
    all = await deploy(meshPlan(2, { linkerd }));
  });

  it("gets license and pull secret as Secrets that are there before the pods; no chart value holds them", () => {
    expect(decoded(named("c001-linkerd-license"), "license")).toBe(`${PLANTED.privateKey} of license`);
    expect(JSON.stringify(named("c001-linkerd-license")?.inputs)).toContain(SECRET_SIGNATURE);
    for (const part of ["linkerd", "multicluster", "viz"]) {
      const registry = named(`c001-${part}-registry`);
      expect(at(registry, "type")).toBe("kubernetes.io/dockerconfigjson");
      expect(decoded(registry, ".dockerconfigjson")).toBe(`${PLANTED.privateKey} of registry`);
      const release = named(`c001-${part}-release`);
      expect(release?.dependsOn).toContain(registry?.name);
      expect(at(release, "values", "imagePullSecrets")).toEqual([{ name: "linkerd-fleet-registry" }]);
      expect(JSON.stringify(release?.inputs)).not.toContain(PLANTED.privateKey);
    }
    expect(at(named("c001-linkerd-release"), "values", "licenseSecret")).toBe("buoyant-license");
    expect(named("c001-linkerd-release")?.dependsOn).toContain("c001-linkerd-license");
  });

  it("restricts the pods of its namespaces where the CNI plugin does what needs rights", () => {
    for (const part of ["linkerd", "multicluster"]) {
      expect(
        at(named(`c001-${part}-namespace`), "metadata", "labels", "pod-security.kubernetes.io/enforce"),
      ).toBe("restricted");
    }
  });
});
