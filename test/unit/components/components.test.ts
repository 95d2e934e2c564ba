import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { Fleet } from "../../../components/fleet";
import { describePlan } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import {
  isSecretInput,
  PLANTED,
  type Registered,
  runUnderMocks,
  SECRET_SIGNATURE,
} from "../../../testing/mocks";

const LINK = "kubernetes:multicluster.linkerd.io/v1alpha3:Link";
const SECRET = "kubernetes:core/v1:Secret";
const RELEASE = "kubernetes:helm.sh/v3:Release";

function deploy(plan: Plan, options?: { preview: boolean }): Promise<Registered[]> {
  const secret = (key: string) => pulumi.secret(`${PLANTED.privateKey} of ${key}`);
  return runUnderMocks(() => void new Fleet("fleet", { plan, secret }), options);
}

/** The value at a path, with secrets unwrapped; `undefined` where there is none. */
function at(resource: Registered | undefined, ...path: string[]): unknown {
  let value: unknown = resource?.inputs;
  for (const key of path) {
    if (isSecretInput(value)) value = value.value;
    value =
      typeof value === "object" && value !== null
        ? Object.entries(value).find(([k]) => k === key)?.[1]
        : undefined;
  }
  return isSecretInput(value) ? value.value : value;
}

function decoded(resource: Registered | undefined, key: string): string {
  return Buffer.from(String(at(resource, "data", key)), "base64").toString("utf8");
}

describe("a mesh of three clusters", () => {
  let all: Registered[];
  const named = (name: string) => {
    const found = all.find((resource) => resource.name === name);
    if (!found) throw new Error(`no resource named ${name}`);
    return found;
  };
  const ofType = (type: string) => all.filter((resource) => resource.type === type);
  const position = (name: string) => all.indexOf(named(name));

  beforeAll(async () => {
    all = await deploy(meshPlan(3));
  });

  it("has one Link, two credentials and one access for each ordered pair", () => {
    expect(ofType(LINK)).toHaveLength(6);
    expect(
      ofType(SECRET).filter((s) => s.inputs.type === "mirror.linkerd.io/remote-kubeconfig"),
    ).toHaveLength(12);
    expect(ofType("linkerd-fleet:access:Access")).toHaveLength(6);
  });

  it("gives the target one name wherever Linkerd looks for it", () => {
    for (const link of ofType(LINK)) {
      const target = at(link, "metadata", "name");
      const component = link.name.replace(/-link$/, "");
      const controllers = at(named(`${link.provider}-multicluster-release`), "values", "controllers");
      expect(at(link, "spec", "targetClusterName")).toBe(target);
      expect(at(link, "spec", "clusterCredentialsSecret")).toBe(`cluster-credentials-${target}`);
      expect(controllers).toContainEqual(expect.objectContaining({ link: { ref: { name: target } } }));
      for (const copy of ["destination", "mirror"]) {
        expect(at(named(`${component}-${copy}`), "metadata", "name")).toBe(`cluster-credentials-${target}`);
      }
      expect(
        at(named(`${component}-destination`), "metadata", "labels", "multicluster.linkerd.io/cluster-name"),
      ).toBe(target);
    }
  });

  it("puts each object into the cluster it belongs to", () => {
    for (const link of ofType(LINK)) {
      const [source, target] = link.name.replace(/-link$/, "").split("-to-");
      expect(link.provider).toBe(source);
      expect(named(`${link.name.replace(/-link$/, "")}-destination`).provider).toBe(source);
      expect(named(`${target}-for-${source}-token`).provider).toBe(target);
    }
  });

  it("writes every field of a Link that link-gen writes, ports as strings", () => {
    expect(at(named("c001-to-c002-link"), "spec")).toMatchObject({
      targetClusterDomain: "cluster.local",
      targetClusterLinkerdNamespace: "linkerd",
      gatewayAddress: "192.0.2.1,c002-multicluster-gateway.example.com",
      gatewayPort: "4143",
      gatewayIdentity: "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
      probeSpec: { path: "/ready", port: "4191", period: "3s" },
      selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
      remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
      federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
      excludedAnnotations: expect.arrayContaining(["argocd.argoproj.io/*", "pulumi.com/*"]),
      excludedLabels: expect.arrayContaining(["app.kubernetes.io/managed-by"]),
    });
  });

  it("leaves the caller's kubeconfig to the plugin, which merges its files and knows where they stand", async () => {
    vi.stubEnv("KUBECONFIG", "/one:/two");
    const providers = await deploy(meshPlan(3));
    vi.unstubAllEnvs();
    const kubeconfigs = providers.filter(({ type }) => type === "pulumi:providers:kubernetes");
    expect(kubeconfigs.map((provider) => at(provider, "kubeconfig"))).toEqual(["", "", ""]);
  });

  it("takes a kubeconfig from another stack's output, as a secret, and tells where it is from", async () => {
    const from = { stack: "acme/infra/us", output: "kubeconfig" };
    const plan = planFleet(fleetOf({ c001: cluster("c001", { context: undefined, kubeconfig: from }) }));
    const kubeconfigs = new Map([["c001", PLANTED.token]]);
    const secret = (key: string) => pulumi.secret(key);
    const all = await runUnderMocks(() => void new Fleet("fleet", { plan, kubeconfigs, secret }));
    const provider = all.find(({ type }) => type === "pulumi:providers:kubernetes");
    expect(isSecretInput(provider?.inputs.kubeconfig)).toBe(true);
    expect(at(provider, "kubeconfig")).toBe(PLANTED.token);
    expect(describePlan(plan).clusters.c001?.kubeconfig).toEqual(from);
  });

  it("hands out kubeconfigs that need nothing else: CA inline, the configured address, a token only", () => {
    for (const copy of ["destination", "mirror"]) {
      const kubeconfig = JSON.parse(decoded(named(`c001-to-c002-${copy}`), "kubeconfig"));
      expect(kubeconfig.clusters).toEqual([
        {
          name: "c002",
          cluster: {
            server: "https://api.c002.example.com",
            "certificate-authority-data": Buffer.from("ca c002-for-c001-token").toString("base64"),
          },
        },
      ]);
      expect(kubeconfig.users).toEqual([
        { name: "linkerd-service-mirror-remote-access-c001", user: { token: PLANTED.token } },
      ]);
    }
  });

  it("tells the links the name of an API server's certificate, where that is not its host", async () => {
    const fleet = fleetOf(
      { c001: cluster("c001"), c002: cluster("c002", { tlsServerName: "kubernetes.default.svc" }) },
      { topology: { kind: "mesh" } },
    );
    const registered = await deploy(planFleet(fleet));
    for (const copy of ["c001-to-c002-destination", "c001-to-c002-mirror"]) {
      const secret = registered.find(({ name }) => name === copy);
      const [{ cluster }] = JSON.parse(decoded(secret, "kubeconfig")).clusters;
      expect(cluster["tls-server-name"]).toBe("kubernetes.default.svc");
    }
  });

  it("creates the destination's credentials before the service mirror's, and the Link last", () => {
    expect(named("c001-to-c002-mirror").dependsOn).toEqual(["c001-to-c002-destination"]);
    expect(named("c001-to-c002-link").dependsOn).toEqual(["c001-to-c002-mirror"]);
  });

  it("installs CRDs, then the control plane, then the extension, then the links", () => {
    expect(named("c001-linkerd-release").dependsOn).toContain("c001-linkerd-crds");
    expect(named("c001-multicluster-release").dependsOn).toContain("c001-linkerd-release");
    expect(named("c001-to-c002-destination").dependsOn).toEqual([
      "c001-multicluster-release",
      "c002-multicluster-release",
    ]);
    expect(position("c001-to-c002-destination")).toBeGreaterThan(position("c002-multicluster-release"));
  });

  it("lets no component depend on what may fail, because the engine would give up every other cluster with it", () => {
    const components = all.filter((resource) => resource.type.startsWith("linkerd-fleet:"));
    expect(components.filter((component) => component.dependsOn.length > 0)).toEqual([]);
  });

  it("lets an access need no chart, so that a full mesh has no cycle", () => {
    const accesses = all.filter((resource) => resource.parents.includes("c002-for-c001"));
    expect(
      accesses.flatMap((resource) => resource.dependsOn).filter((name) => /release|crds/.test(name)),
    ).toEqual([]);
    expect(at(named("c001-multicluster-release"), "values", "remoteMirrorServiceAccount")).toBe(false);
  });

  it("binds each source to a read-only role by a ServiceAccount of its own", () => {
    const rules = at(named("c001-access-role"), "rules") as { verbs: string[]; resources: string[] }[];
    expect(new Set(rules.flatMap((rule) => rule.verbs))).toEqual(new Set(["get", "list", "watch"]));
    expect(rules.flatMap((rule) => rule.resources)).not.toContain("secrets");
    expect(JSON.stringify(rules)).not.toContain("*");
    expect(at(named("c001-for-c002-binding"), "subjects")).toEqual([
      {
        kind: "ServiceAccount",
        name: "linkerd-service-mirror-remote-access-c002",
        namespace: "linkerd-multicluster",
      },
    ]);
  });

  it("waits for the token by its data, not by the provider's five seconds", () => {
    expect(at(named("c001-for-c002-token"), "metadata", "annotations", "pulumi.com/waitFor")).toBe(
      "jsonpath={.data.token}",
    );
  });

  it("makes the namespaces with the labels that the checks and the injector look for", () => {
    expect(at(named("c001-multicluster-namespace"), "metadata", "labels")).toMatchObject({
      "linkerd.io/extension": "multicluster",
    });
    expect(at(named("c001-linkerd-namespace"), "metadata", "labels")).toMatchObject({
      "linkerd.io/is-control-plane": "true",
      "config.linkerd.io/admission-webhooks": "disabled",
      "linkerd.io/control-plane-ns": "linkerd",
    });
    expect(at(named("c001-multicluster-release"), "values", "createNamespaceMetadataJob")).toBe(false);
  });

  it("protects the anchor and never lets it renew by itself; issuers renew early", () => {
    const anchor = named("trust-2026-certificate");
    expect(anchor.protect).toBe(true);
    expect(named("trust-2026-key").protect).toBe(true);
    expect(anchor.inputs).not.toHaveProperty("earlyRenewalHours");
    expect(named("c001-issuer-certificate").inputs.earlyRenewalHours).toBe(1440);
  });

  it("makes every key of Linkerd's trust on P-256, and CAs that may sign", () => {
    for (const key of ofType("tls:index/privateKey:PrivateKey")) {
      expect(key.inputs).toMatchObject({ algorithm: "ECDSA", ecdsaCurve: "P256" });
    }
    for (const name of ["trust-2026-certificate", "c001-issuer-certificate"]) {
      expect(named(name).inputs).toMatchObject({
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
      });
    }
    expect(named("c001-issuer-request").inputs.dnsNames).toEqual(["identity.linkerd.cluster.local"]);
  });

  it("trusts the same bundle in every cluster, in the ConfigMap and in the chart value", () => {
    for (const name of ["c001", "c002", "c003"]) {
      const bundle = "certificate trust-2026-certificate\n";
      expect(at(named(`${name}-linkerd-trust-roots`), "data", "ca-bundle.crt")).toBe(bundle);
      expect(at(named(`${name}-linkerd-release`), "values", "identityTrustAnchorsPEM")).toBe(bundle);
    }
  });

  it("gives the webhooks certificates of ours, so that no render makes new ones", () => {
    const values = at(named("c001-linkerd-release"), "values");
    for (const webhook of ["proxyInjector", "profileValidator", "policyValidator"]) {
      expect(values).toHaveProperty([webhook, "externalSecret"], true);
      expect(values).toHaveProperty([webhook, "caBundle"], expect.stringContaining("certificate c001"));
    }
    expect(decoded(named("c001-linkerd-linkerd-policy-validator-secret"), "tls.key")).toContain(
      PLANTED.privateKey,
    );
  });

  it("sends no private key and no token in the clear", () => {
    const leaks = all.filter(({ inputs }) => {
      const plain = JSON.stringify(inputs, (_, value) => (isSecretInput(value) ? undefined : value));
      const needles = Object.values(PLANTED).flatMap((text) => [
        text,
        Buffer.from(text).toString("base64").slice(0, 20),
      ]);
      return needles.some((needle) => plain.includes(needle));
    });
    expect(leaks.map((resource) => resource.name)).toEqual([]);
  });

  it("gives no chart a private key, not even as a secret", () => {
    for (const release of ofType(RELEASE))
      expect(JSON.stringify(release.inputs)).not.toContain(PLANTED.privateKey);
  });

  it("names releases for good and never deletes before it replaces", () => {
    expect(new Set(ofType(RELEASE).map((release) => release.inputs.name))).toEqual(
      new Set(["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster"]),
    );
    expect(all.filter((resource) => resource.deleteBeforeReplace)).toEqual([]);
  });

  it("identifies each cluster to its provider and lets Secrets change in place", () => {
    for (const provider of ofType("pulumi:providers:kubernetes")) {
      expect(provider.inputs).toMatchObject({
        clusterIdentifier: provider.name,
        enableSecretMutable: "true",
        enableConfigMapMutable: "true",
      });
    }
  });

  it("prefixes every child's name with its component's", () => {
    for (const resource of all) {
      const parent = resource.parents.at(-1);
      if (parent && parent !== "fleet") expect(resource.name).toMatch(new RegExp(`^${parent}-`));
    }
  });

  it("plans the same resources in a first preview, where nothing computed is known", async () => {
    const preview = await deploy(meshPlan(3), { preview: true });
    expect(preview.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(
      all.map(({ type, name }) => `${type} ${name}`).sort(),
    );
  });
});

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

  it("gives user and password to a chart repository, the password as a secret and nowhere else", async () => {
    const source = { url: "https://charts.example.com", username: "fleet", password: { secret: "charts" } };
    const all = await deploy(meshPlan(1, { linkerd: { version: "2026.8.3", source } }));
    const releases = all.filter(({ type }) => type === RELEASE);
    expect(releases).toHaveLength(3);
    for (const release of releases) {
      expect(isSecretInput(release.inputs.repositoryOpts)).toBe(true);
      expect(at(release, "repositoryOpts")).toEqual({
        repo: source.url,
        username: source.username,
        password: `${PLANTED.privateKey} of charts`,
      });
    }
  });

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
