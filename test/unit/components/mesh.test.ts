import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { describePlan } from "../../../fleet/outputs/describe";
import { planFleet } from "../../../fleet/plan";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import { isSecretInput, PLANTED, type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";
import { at, decoded, deploy, LINK, RELEASE, SECRET } from "./deployed";

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
    const all = await runUnderMocks(() => void plannedFleet({ plan, kubeconfigs, secret }));
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
