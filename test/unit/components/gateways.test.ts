import { describe, expect, it } from "vitest";
import { planFleet } from "../../../fleet/plan";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import { isSecretInput, PLANTED } from "../../../testing/mocks";
import { at, deploy, LINK, RELEASE } from "./deployed";

describe("gateways, services and trust domains", () => {
  it("takes a fixed address from the stack file and asks the cluster for none", async () => {
    const config = fleetOf({
      a: cluster("a", { gateway: { type: "static", address: ["gw.example.com", "192.0.2.9"] } }),
      b: cluster("b", { gateway: { type: "nodePort", address: "192.0.2.7", port: 30143, probePort: 30191 } }),
    });
    const all = await deploy(planFleet(config));
    const link = (name: string) =>
      at(
        all.find((r) => r.type === LINK && r.name === name),
        "spec",
      );
    expect(link("b-to-a-link")).toMatchObject({
      gatewayAddress: "gw.example.com,192.0.2.9",
      gatewayPort: "4143",
    });
    expect(link("a-to-b-link")).toMatchObject({ gatewayPort: "30143", probeSpec: { port: "30191" } });
    expect(all.filter((resource) => resource.type.endsWith("ServicePatch"))).toEqual([]);
    // The controller dials this port at the probe Service, so it must be the Link's.
    const values = at(
      all.find((r) => r.name === "a-multicluster-release"),
      "values",
    );
    expect(values).toHaveProperty("controllers[0].gateway.probe.port", 30191);
  });

  it("leaves every gateway field out of a link without a gateway", async () => {
    const config = fleetOf({ a: cluster("a"), b: cluster("b", { gateway: { type: "none" } }) });
    const all = await deploy(planFleet(config));
    const spec = at(
      all.find((r) => r.name === "a-to-b-link"),
      "spec",
    );
    for (const field of ["gatewayAddress", "gatewayPort", "gatewayIdentity", "probeSpec"]) {
      expect(spec).not.toHaveProperty(field);
    }
    expect(spec).toHaveProperty(["selector", "matchLabels", "linkerd-fleet/crosses"], "nothing");
    const values = at(
      all.find((r) => r.name === "a-multicluster-release"),
      "values",
    );
    expect(values).toHaveProperty("controllers[0].gateway.enabled", false);
    expect(
      at(
        all.find((r) => r.name === "b-multicluster-release"),
        "values",
        "gateway",
      ),
    ).toEqual({ enabled: false });
  });

  it("patches onto each exported Service what its callers shall do", async () => {
    const service = { name: "web", namespace: "shop", mode: "flat", in: ["a", "b"], ports: ["http"] };
    const calls = { timeouts: { request: "2s", idle: "1m" }, retries: { limit: 2, http: ["503"] } };
    const clusters = { a: cluster("a"), b: cluster("b") };
    const all = await deploy(planFleet(fleetOf(clusters, { services: [{ ...service, ...calls }] })));
    for (const name of ["a-shop-web-labels", "b-shop-web-labels"]) {
      expect(
        at(
          all.find((r) => r.name === name),
          "metadata",
          "annotations",
        ),
      ).toMatchObject({
        "timeout.linkerd.io/request": "2s",
        "timeout.linkerd.io/idle": "1m",
        "retry.linkerd.io/limit": "2",
        "retry.linkerd.io/http": "503",
      });
    }
  });

  it("carries the target's trust domain and cluster domain, not the source's", async () => {
    const config = fleetOf({
      a: cluster("a", { trustDomain: "a.example.com" }),
      b: cluster("b", { trustDomain: "b.example.com", clusterDomain: "b.local" }),
    });
    const all = await deploy(planFleet(config));
    expect(
      at(
        all.find((r) => r.name === "a-to-b-destination"),
        "metadata",
        "annotations",
      ),
    ).toEqual({
      "multicluster.linkerd.io/trust-domain": "b.example.com",
      "multicluster.linkerd.io/cluster-domain": "b.local",
    });
    expect(
      at(
        all.find((r) => r.name === "a-to-b-link"),
        "spec",
      ),
    ).toMatchObject({
      targetClusterDomain: "b.local",
      gatewayIdentity: expect.stringMatching(/\.b\.example\.com$/),
    });
    for (const release of ["b-linkerd-release", "b-multicluster-release"]) {
      expect(
        at(
          all.find((r) => r.name === release),
          "values",
          "identityTrustDomain",
        ),
      ).toBe("b.example.com");
    }
    expect(all.find((r) => r.name === "b-issuer-request")?.inputs.dnsNames).toEqual([
      "identity.linkerd.b.example.com",
    ]);
  });

  it("labels only the declared services, in the declared clusters", async () => {
    const plan = meshPlan(2, {
      services: [{ name: "web", namespace: "shop", mode: "federated", in: ["c002"], ports: [80] }],
    });
    const exported = (await deploy(plan)).filter((r) => r.parents.includes("c002-shop-web"));
    expect(exported).toHaveLength(1);
    expect(exported[0]?.provider).toBe("c002");
    expect(at(exported[0], "metadata")).toMatchObject({
      name: "web",
      namespace: "shop",
      labels: { "mirror.linkerd.io/federated": "member" },
    });
  });

  it.each([
    ["a chart repository", "https://charts.example.com", { repo: "https://charts.example.com" }],
    ["an OCI registry", "oci://charts.example.com/linkerd", {}],
  ])(
    "gives user and password to %s, the password as a secret and nowhere else",
    async (_, url, repository) => {
      const source = { url, username: "fleet", password: { secret: "charts" } };
      const all = await deploy(meshPlan(1, { linkerd: { version: "2026.8.3", source } }));
      const releases = all.filter(({ type }) => type === RELEASE);
      expect(releases).toHaveLength(3);
      for (const release of releases) {
        expect(isSecretInput(release.inputs.repositoryOpts)).toBe(true);
        expect(at(release, "repositoryOpts")).toEqual({
          ...repository,
          username: source.username,
          password: `${PLANTED.privateKey} of charts`,
        });
      }
    },
  );

  it("signs issuers with a given anchor and never asks for a key of the others", async () => {
    const given = { certificate: selfSigned({ curve: "P-256" }).pem };
    const plan = meshPlan(2, {
      trust: {
        anchors: [
          { id: "old", state: "retiring", ...given },
          { id: "own", state: "active", ...given, privateKey: { secret: "anchorKey" } },
        ],
      },
    });
    const all = await deploy(plan);
    expect(all.filter((r) => r.type === "linkerd-fleet:trust:TrustAnchor")).toEqual([]);
    expect(
      at(
        all.find((r) => r.name === "c001-issuer-certificate"),
        "caPrivateKeyPem",
      ),
    ).toBe(`${PLANTED.privateKey} of anchorKey`);
    expect(
      at(
        all.find((r) => r.name === "c001-linkerd-trust-roots"),
        "data",
        "ca-bundle.crt",
      ),
    ).toBe(given.certificate.repeat(2));
  });
});
