/**
 * The stand-in charts of the lab: the names, values and refusals of the official charts, and no mesh inside.
 * What a real API server makes of them is for the lab tests.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { ensureToolchain } from "../../lab/toolchain";
import { chartValues, fullClusters } from "../../testing/chartValues";

const chartNames = ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster", "linkerd-viz"] as const;
type ChartName = (typeof chartNames)[number];
type Values = Record<string, unknown>;

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type Manifest = z.infer<typeof manifestSchema>;

let helm: string;
beforeAll(async () => {
  helm = (await ensureToolchain({ log: console.log })).bin.helm;
}, 1_800_000);

/** Renders a chart offline; rejects with what helm says. */
function render(chart: ChartName, values: Values): Promise<Manifest[]> {
  const folder = path.join(__dirname, "..", "..", "lab", "charts", chart);
  const namespace = chart === "linkerd-multicluster" || chart === "linkerd-viz" ? chart : "linkerd";
  const args = [
    "template",
    chart,
    folder,
    "--namespace",
    namespace,
    "--kube-version",
    "1.36.0",
    "--values",
    "-",
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(helm, args);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(err));
      const documents = parseAllDocuments(out).map((document) => document.toJS() ?? undefined);
      resolve(
        documents
          .filter((document) => document !== undefined)
          .map((document) => manifestSchema.parse(document)),
      );
    });
    child.stdin.end(JSON.stringify(values));
  });
}

const named = ({ kind, metadata: { name } }: Manifest) => `${kind}/${name}`;

function find(manifests: Manifest[], name: string): Manifest {
  const found = manifests.filter((manifest) => named(manifest) === name);
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} objects are ${name}`);
  return found[0];
}

/** What stands at a path inside a manifest. */
function at(value: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

const template = (manifests: Manifest[], name: string) => at(find(manifests, name), "spec", "template");

// What linkerd-fleet gives the control plane: every certificate comes from Secrets and ConfigMaps of its own.
const ours = {
  identityTrustAnchorsPEM: "-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n",
  identity: { externalCA: true, issuer: { scheme: "kubernetes.io/tls" } },
  proxyInjector: { externalSecret: true, caBundle: "bundle" },
  profileValidator: { externalSecret: true, caBundle: "bundle" },
  policyValidator: { externalSecret: true, caBundle: "bundle" },
  heartbeatSchedule: "1 2 * * *",
};
const controlPlane = (more: Values = {}) => render("linkerd-control-plane", { ...ours, ...more });
const multicluster = (more: Values = {}) => render("linkerd-multicluster", more);
const link = (name: string, more: Values = {}) => ({ link: { ref: { name } }, ...more });

describe("values", () => {
  test.each<[ChartName, Values, string]>([
    ["linkerd-crds", { installGatewayApi: true }, "installGatewayApi"],
    ["linkerd-control-plane", { ...ours, controlerReplicas: 3 }, "controlerReplicas"],
    ["linkerd-control-plane", { ...ours, proxy: { ports: { imbound: 1 } } }, "imbound"],
    ["linkerd-control-plane", { ...ours, webhookFailurePolicy: "Maybe" }, "webhookFailurePolicy"],
    ["linkerd-multicluster", { gateway: { sericeType: "NodePort" } }, "sericeType"],
    ["linkerd-multicluster", { controllers: [link("east", { logLevl: "debug" })] }, "logLevl"],
  ])("%s refuses %j", async (chart, values, message) => {
    await expect(render(chart, values)).rejects.toThrow(message);
  });

  test("free-form maps stay free", async () => {
    const rendered = await controlPlane({
      podAnnotations: { "example.com/a": "b" },
      nodeSelector: { zone: "1" },
    });
    const pod = template(rendered, "Deployment/linkerd-destination");
    expect(at(pod, "metadata", "annotations", "example.com/a")).toBe("b");
    expect(at(pod, "spec", "nodeSelector")).toMatchObject({ zone: "1" });
  });

  const webhooks = ["proxyInjector", "profileValidator", "policyValidator"];
  const refused: [string, Values][] = [
    ["needs caBundle", { externalSecret: true }],
    ["cannot be given together", { externalSecret: true, injectCaFrom: "linkerd/a", caBundle: "b" }],
    ["need externalSecret", { injectCaFrom: "linkerd/a" }],
    ["not both", { externalSecret: true, injectCaFrom: "linkerd/a", injectCaFromSecret: "linkerd/b" }],
  ];
  test.each(refused)("a webhook certificate that does not fit is refused: %s", async (message, values) => {
    await Promise.all(
      webhooks.map((webhook) =>
        expect(controlPlane({ [webhook]: values })).rejects.toThrow(new RegExp(`${webhook}.*${message}`)),
      ),
    );
  });

  test("a trust bundle and an issuer are asked for unless the user brings their objects", async () => {
    const issuer = { tls: { crtPEM: "a", keyPEM: "b" } };
    const tries = [
      controlPlane({ identity: { externalCA: true } }),
      controlPlane({ identity: { externalCA: true, issuer: { tls: { crtPEM: "a" } } } }),
      controlPlane({ identity: { issuer }, identityTrustAnchorsPEM: "" }),
    ];
    const messages = ["identity.issuer.tls.crtPEM", "identity.issuer.tls.keyPEM", "identityTrustAnchorsPEM"];
    await Promise.all(messages.map((message, index) => expect(tries[index]).rejects.toThrow(message)));
  });

  test("a controller has to name its Link", async () => {
    await expect(multicluster({ controllers: [{ replicas: 2 }] })).rejects.toThrow("missing property 'link'");
    await expect(multicluster({ controllers: [link("")] })).rejects.toThrow("/controllers/0/link/ref/name");
  });
});

test("every value that the program sets has a name and a type that the charts know", async () => {
  const clusters = fullClusters();
  const rendered = await Promise.all(
    clusters.flatMap((cluster) => {
      const { crds, controlPlane, multicluster, viz } = chartValues(cluster);
      // Only the enterprise chart has it.
      const { licenseSecret, ...known } = controlPlane;
      expect(licenseSecret).toBe("buoyant-license");
      return [
        render("linkerd-crds", crds),
        render("linkerd-control-plane", known),
        render("linkerd-multicluster", multicluster),
        render("linkerd-viz", viz),
      ];
    }),
  );
  const controllers = rendered
    .flat()
    .filter((manifest) => named(manifest).startsWith("Deployment/controller-"));
  expect(controllers).toHaveLength(clusters.length * (clusters.length - 1));
  const taps = rendered.flat().filter((manifest) => named(manifest) === "Deployment/tap");
  expect(taps.map((tap) => at(tap, "spec", "replicas"))).toEqual(clusters.map(() => 3));
});

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

describe("linkerd-control-plane", () => {
  test("it has the official objects, and neither Secret nor trust bundle when the user brings them", async () => {
    const names = (await controlPlane()).map(named).sort();
    expect(names).toEqual(
      [
        "ClusterRole/linkerd-heartbeat",
        "ClusterRole/linkerd-linkerd-destination",
        "ClusterRole/linkerd-linkerd-identity",
        "ClusterRole/linkerd-linkerd-proxy-injector",
        "ClusterRole/linkerd-policy",
        "ClusterRoleBinding/linkerd-destination-policy",
        "ClusterRoleBinding/linkerd-heartbeat",
        "ClusterRoleBinding/linkerd-linkerd-destination",
        "ClusterRoleBinding/linkerd-linkerd-identity",
        "ClusterRoleBinding/linkerd-linkerd-proxy-injector",
        "ConfigMap/linkerd-config",
        "CronJob/linkerd-heartbeat",
        "Deployment/linkerd-destination",
        "Deployment/linkerd-identity",
        "Deployment/linkerd-proxy-injector",
        "MutatingWebhookConfiguration/linkerd-proxy-injector-webhook-config",
        "Role/ext-namespace-metadata-linkerd-config",
        "Role/linkerd-heartbeat",
        "Role/remote-discovery",
        "RoleBinding/linkerd-destination-remote-discovery",
        "RoleBinding/linkerd-heartbeat",
        "Service/linkerd-dst",
        "Service/linkerd-dst-headless",
        "Service/linkerd-identity",
        "Service/linkerd-identity-headless",
        "Service/linkerd-policy",
        "Service/linkerd-policy-validator",
        "Service/linkerd-proxy-injector",
        "Service/linkerd-sp-validator",
        "ServiceAccount/linkerd-destination",
        "ServiceAccount/linkerd-heartbeat",
        "ServiceAccount/linkerd-identity",
        "ServiceAccount/linkerd-proxy-injector",
        "ValidatingWebhookConfiguration/linkerd-policy-validator-webhook-config",
        "ValidatingWebhookConfiguration/linkerd-sp-validator-webhook-config",
      ].sort(),
    );
  });

  test("certificates of the user's own render the same every time, the chart's own are new every time", async () => {
    const theirs = {
      identityTrustAnchorsPEM: "root",
      identity: { issuer: { tls: { crtPEM: "a", keyPEM: "b" } } },
      heartbeatSchedule: "1 2 * * *",
    };
    const [first, second, third, fourth] = await Promise.all([
      controlPlane(),
      controlPlane(),
      render("linkerd-control-plane", theirs),
      render("linkerd-control-plane", theirs),
    ]);
    expect(second).toEqual(first);
    for (const name of ["linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-policy-validator"]) {
      const secret = `Secret/${name}-k8s-tls`;
      expect(at(find(third, secret), "data")).not.toEqual(at(find(fourth, secret), "data"));
    }
    expect(third.map(named)).toEqual(
      expect.arrayContaining(["Secret/linkerd-identity-issuer", "ConfigMap/linkerd-identity-trust-roots"]),
    );
  });

  test("linkerd-config shows the trust bundle and no private key", async () => {
    const webhook = { crtPEM: "certificate", keyPEM: "PRIVATE", caBundle: "bundle" };
    const rendered = await controlPlane({
      identity: { issuer: { tls: { crtPEM: "certificate", keyPEM: "PRIVATE" } } },
      proxyInjector: webhook,
      profileValidator: webhook,
      policyValidator: webhook,
      identityTrustDomain: "eu.example.com",
    });
    const text = z.string().parse(at(find(rendered, "ConfigMap/linkerd-config"), "data", "values"));
    expect(text).not.toContain("PRIVATE");
    expect(parse(text)).toMatchObject({
      identityTrustAnchorsPEM: ours.identityTrustAnchorsPEM,
      identityTrustDomain: "eu.example.com",
      clusterDomain: "cluster.local",
    });
  });

  test("another trust bundle restarts all three Deployments", async () => {
    const renders = await Promise.all([controlPlane(), controlPlane({ identityTrustAnchorsPEM: "another" })]);
    for (const name of ["linkerd-identity", "linkerd-destination", "linkerd-proxy-injector"]) {
      const [before, after] = renders.map((rendered) => template(rendered, `Deployment/${name}`));
      const hash = (pod: unknown) => at(pod, "metadata", "annotations", "linkerd.io/trust-root-sha256");
      expect(hash(after)).toMatch(/^[0-9a-f]{64}$/);
      expect(hash(after)).not.toBe(hash(before));
      expect(at(after, "spec")).toEqual(at(before, "spec"));
    }
  });

  test("the API server is never made to ask a webhook that nobody answers", async () => {
    const rendered = await controlPlane({ webhookFailurePolicy: "Fail" });
    const webhooks = rendered.filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
    expect(webhooks).toHaveLength(3);
    for (const webhook of webhooks)
      expect(at(webhook, "webhooks", 0)).toMatchObject({
        failurePolicy: "Fail",
        matchConditions: [{ expression: "false" }],
        clientConfig: { caBundle: Buffer.from("bundle").toString("base64") },
      });
  });

  test("the HA values give replicas, spread and disruption budgets", async () => {
    const rendered = await controlPlane({
      controllerReplicas: 3,
      enablePodAntiAffinity: true,
      enablePodDisruptionBudget: true,
      highAvailability: true,
    });
    for (const name of ["linkerd-identity", "linkerd-destination", "linkerd-proxy-injector"]) {
      const deployment = find(rendered, `Deployment/${name}`);
      expect(at(deployment, "spec", "replicas")).toBe(3);
      expect(at(deployment, "spec", "template", "spec", "affinity", "podAntiAffinity")).toBeDefined();
    }
    expect(rendered.map(named)).toEqual(
      expect.arrayContaining(
        ["dst", "identity", "proxy-injector"].map((name) => `PodDisruptionBudget/linkerd-${name}`),
      ),
    );
  });
});

describe("linkerd-multicluster", () => {
  const gateway = [
    "AuthorizationPolicy/linkerd-gateway",
    "Deployment/linkerd-gateway",
    "MeshTLSAuthentication/any-meshed",
    "NetworkAuthentication/source-cluster",
    "Server/linkerd-gateway",
    "Service/linkerd-gateway",
    "ServiceAccount/linkerd-gateway",
  ];
  const always = [
    "AuthorizationPolicy/controller",
    "AuthorizationPolicy/linkerd-admin",
    "AuthorizationPolicy/local-service-mirror",
    "AuthorizationPolicy/service-mirror",
    "ClusterRole/linkerd-local-service-mirror-access-local-resources",
    "ClusterRole/linkerd-multicluster-controller-access-local-resources",
    "ClusterRoleBinding/linkerd-local-service-mirror-access-local-resources",
    "CustomResourceDefinition/links.multicluster.linkerd.io",
    "Deployment/linkerd-local-service-mirror",
    "Server/controller",
    "Server/linkerd-admin",
    "Server/local-service-mirror",
    "Server/service-mirror",
    "ServiceAccount/linkerd-local-service-mirror",
  ];
  const controller = (name: string) => [
    `ClusterRoleBinding/linkerd-multicluster-controller-access-local-resources-${name}`,
    `Deployment/controller-${name}`,
    `Role/controller-read-remote-creds-${name}`,
    `RoleBinding/controller-read-remote-creds-${name}`,
    `Service/probe-${name}`,
    `ServiceAccount/controller-${name}`,
  ];
  const bare = { remoteMirrorServiceAccount: false, createNamespaceMetadataJob: false };

  test("it has the official objects: the gateway's, the mirror's and one set a Link", async () => {
    const names = (await multicluster({ ...bare, controllers: [link("east"), link("west")] }))
      .map(named)
      .sort();
    expect(names).toEqual([...always, ...gateway, ...controller("east"), ...controller("west")].sort());
  });

  test("without a gateway nothing of it is left, and a Link without one has no probe Service", async () => {
    const values = {
      ...bare,
      gateway: { enabled: false },
      controllers: [link("east", { gateway: { enabled: false } })],
    };
    const names = (await multicluster(values)).map(named).sort();
    const probeless = controller("east").filter((name) => name !== "Service/probe-east");
    expect(names).toEqual([...always, ...probeless].sort());
  });

  test("a controller's own values win over controllerDefaults, zero and false included", async () => {
    const rendered = await multicluster({
      controllerDefaults: { replicas: 2, gateway: { probe: { port: 4444 } } },
      controllers: [link("east"), link("west", { replicas: 0, gateway: { probe: { port: 30191 } } })],
    });
    const replicas = (name: string) =>
      at(find(rendered, `Deployment/controller-${name}`), "spec", "replicas");
    const port = (name: string) => at(find(rendered, `Service/probe-${name}`), "spec", "ports", 0, "port");
    expect([replicas("east"), port("east"), replicas("west"), port("west")]).toEqual([2, 4444, 0, 30191]);
  });

  test("the gateway's Service says what links to it have to know", async () => {
    const [balancer, nodePort] = await Promise.all([
      multicluster({ identityTrustDomain: "eu.example.com" }),
      multicluster({ gateway: { serviceType: "NodePort", nodePort: 30143, probe: { nodePort: 30191 } } }),
    ]);
    expect(at(find(balancer, "Service/linkerd-gateway"), "metadata", "annotations")).toMatchObject({
      "mirror.linkerd.io/gateway-identity":
        "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.eu.example.com",
      "mirror.linkerd.io/multicluster-gateway": "true",
      "mirror.linkerd.io/probe-path": "/ready",
      "mirror.linkerd.io/probe-period": "3",
    });
    expect(at(find(balancer, "Service/linkerd-gateway"), "spec", "type")).toBe("LoadBalancer");
    expect(at(find(nodePort, "Service/linkerd-gateway"), "spec")).toMatchObject({
      type: "NodePort",
      ports: [
        { name: "mc-gateway", port: 4143, nodePort: 30143 },
        { name: "mc-probe", port: 4191, nodePort: 30191 },
      ],
    });
  });

  test("remote access is granted to each name, given as a list or with commas", async () => {
    const values = { createNamespaceMetadataJob: false };
    const renders = await Promise.all([
      multicluster({ ...values, remoteMirrorServiceAccountName: "first,second" }),
      multicluster({ ...values, remoteMirrorServiceAccountName: ["first", "second"] }),
    ]);
    for (const rendered of renders)
      for (const name of ["first", "second"]) {
        const token = find(rendered, `Secret/${name}-token`);
        expect(token).toMatchObject({ type: "kubernetes.io/service-account-token" });
        expect(at(token, "metadata", "annotations", "kubernetes.io/service-account.name")).toBe(name);
        find(rendered, `ClusterRoleBinding/${name}`);
      }
  });

  test("the namespace is labelled by a hook after the install", async () => {
    const job = find(await multicluster(), "Job/namespace-metadata");
    expect(at(job, "metadata", "annotations", "helm.sh/hook")).toBe("post-install");
  });

  test("Links have all three versions, v1alpha3 stored, with the fields of a link", async () => {
    const versions = at(
      find(await multicluster(), "CustomResourceDefinition/links.multicluster.linkerd.io"),
      "spec",
      "versions",
    );
    expect(versions).toMatchObject([
      { name: "v1alpha1", storage: false },
      { name: "v1alpha2", storage: false, subresources: { status: {} } },
      { name: "v1alpha3", storage: true, subresources: { status: {} } },
    ]);
    const fields = at(versions, 2, "schema", "openAPIV3Schema", "properties", "spec", "properties");
    expect(fields).toMatchObject({ gatewayPort: { type: "string" }, excludedLabels: { type: "array" } });
    expect(at(fields, "probeSpec", "properties", "period")).toEqual({ type: "string", format: "duration" });
  });
});

test("no chart pretends: every container only pauses", async () => {
  const rendered = await Promise.all([controlPlane(), multicluster({ controllers: [link("east")] })]);
  const pods = rendered.flat().flatMap((manifest) => {
    const pod = at(manifest, "spec", "template") ?? at(manifest, "spec", "jobTemplate", "spec", "template");
    return pod === undefined ? [] : [pod];
  });
  expect(pods).toHaveLength(8);
  const containers = pods.flatMap((pod) =>
    z.array(z.object({ image: z.string() })).parse(at(pod, "spec", "containers")),
  );
  for (const { image } of containers) expect(image).toMatch(/\/pause:/);
});
