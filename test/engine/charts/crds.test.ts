import { describe, expect, test } from "vitest";
import { z } from "zod";
import { at, type Manifest, multicluster, render, withHelm } from "../../../testing/renderedCharts";

withHelm();

describe("linkerd-crds", () => {
  const policy = [
    "authorizationpolicies.policy.linkerd.io",
    "egressnetworks.policy.linkerd.io",
    "externalworkloads.workload.linkerd.io",
    "httplocalratelimitpolicies.policy.linkerd.io",
    "httproutes.policy.linkerd.io",
    "meshtlsauthentications.policy.linkerd.io",
    "networkauthentications.policy.linkerd.io",
    "serverauthorizations.policy.linkerd.io",
    "servers.policy.linkerd.io",
    "serviceprofiles.linkerd.io",
  ];
  const gateway = ["grpcroutes", "httproutes", "tcproutes", "tlsroutes"].map(
    (name) => `${name}.gateway.networking.k8s.io`,
  );
  const names = (manifests: Manifest[]) => manifests.map((manifest) => manifest.metadata.name).sort();

  test("the Gateway API comes only when wanted, kind by kind, and stays when the release goes", async () => {
    const [none, all, one] = await Promise.all([
      render("linkerd-crds", {}),
      render("linkerd-crds", { installGatewayAPI: true }),
      render("linkerd-crds", { enableTcpRoutes: true }),
    ]);
    expect(names(none)).toEqual(policy);
    expect(names(all)).toEqual([...policy, ...gateway].sort());
    expect(names(one)).toEqual([...policy, "tcproutes.gateway.networking.k8s.io"].sort());
    for (const crd of all)
      expect(at(crd, "metadata", "annotations", "helm.sh/resource-policy")).toBe(
        gateway.includes(crd.metadata.name) ? "keep" : undefined,
      );
  });

  test("every version of every kind has a schema that prunes unknown fields, and one version is stored", async () => {
    const crds = [
      ...(await render("linkerd-crds", { installGatewayAPI: true })),
      ...(await multicluster()),
    ].filter((manifest) => manifest.kind === "CustomResourceDefinition");
    expect(crds).toHaveLength(15);
    const versionSchema = z.looseObject({ name: z.string(), served: z.literal(true), storage: z.boolean() });
    for (const crd of crds) {
      const versions = z.array(versionSchema).parse(at(crd, "spec", "versions"));
      expect(
        versions.filter(({ storage }) => storage),
        crd.metadata.name,
      ).toHaveLength(1);
      for (const version of versions)
        for (const inner of [[], ["properties", "spec"]]) {
          const schema = at(version, "schema", "openAPIV3Schema", ...inner);
          expect(schema, `${crd.metadata.name} ${version.name}`).toMatchObject({ type: "object" });
          expect(at(schema, "properties")).toBeDefined();
          expect(at(schema, "x-kubernetes-preserve-unknown-fields")).toBeUndefined();
        }
    }
  });
});
