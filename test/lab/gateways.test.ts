import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { DEFAULT_EXCLUDED_ANNOTATIONS, DEFAULT_EXCLUDED_LABELS } from "../../fleet/excludes";
import { repository } from "../../lab/env";
import { TestLab } from "./harness";

/** One cluster for each kind of gateway; africa's changes from load balancer to Emissary and back. */
const GATEWAYS: Readonly<Record<string, object>> = {
  us: { type: "loadBalancer" },
  eu: { type: "nodePort", address: ["192.0.2.11", "node.eu.example.com"], port: 30143, probePort: 30191 },
  apac: { type: "static", address: "gw.apac.example.com", port: 443, probePort: 8443 },
  latam: { type: "none" },
  africa: { type: "loadBalancer" },
};
const EMISSARY = {
  type: "emissary",
  skipInboundPorts: [8080, 8443],
  hosts: [{ name: "shop", hostname: "shop.example.com" }],
  mappings: [{ name: "checkout", prefix: "/checkout/", service: "checkout-federated.shop:80" }],
};

let lab: TestLab;

function gatewayOf(cluster: string, gateway: object): void {
  lab.edit((config) => {
    config["linkerd-fleet:clusters"][cluster] = { ...config["linkerd-fleet:clusters"][cluster], gateway };
  });
}

async function up(): Promise<void> {
  const ran = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
  expect(ran.stderr).toBe("");
  expect(ran.code, ran.stdout).toBe(0);
}

async function read(cluster: string, ...object: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await lab.kubectl(cluster, "get", ...object, "-o=json")) as Record<string, unknown>;
}

const linkSpec = async (source: string, target: string) =>
  (await read(source, "link", target, "-n=linkerd-multicluster")).spec;

/** Addresses that the cluster gave to a Service. */
async function addressOf(cluster: string, service: string, namespace: string): Promise<string> {
  const path = "{.status.loadBalancer.ingress[0].ip}";
  return lab.kubectl(cluster, "get", "service", service, `-n=${namespace}`, `-o=jsonpath=${path}`);
}

interface Owned {
  readonly metadata: object;
  readonly spec: {
    readonly ports?: readonly object[];
    readonly template?: { readonly metadata: { readonly annotations: Record<string, string> } };
  };
}

/** What its owners wrote of an object: all but the marks that every write and every rollout leaves. */
async function owned(kind: string): Promise<Owned> {
  const {
    status: _,
    metadata,
    ...rest
  } = (await read("africa", kind, "emissary-ingress", "-n=emissary")) as {
    status: unknown;
    metadata: { annotations?: Record<string, string>; [key: string]: unknown };
    spec: Owned["spec"];
  };
  const { managedFields: _1, resourceVersion: _2, generation: _3, annotations, ...kept } = metadata;
  const { "deployment.kubernetes.io/revision": _4, ...written } = annotations ?? {};
  return { ...rest, metadata: { ...kept, annotations: written } };
}

const FOREIGN = ["deployment", "service", "serviceaccount"];

beforeAll(async () => {
  lab = await TestLab.create();
  lab.edit((config) => {
    config["linkerd-fleet:clusters"] = Object.fromEntries(
      Object.entries(GATEWAYS).map(([name, gateway], at) => [
        name,
        {
          context: name,
          network: "lab",
          apiServer: lab.apiServer(at),
          podNetworks: [`10.${at + 1}.0.0/16`],
          gateway,
        },
      ]),
    );
    config["linkerd-fleet:topology"] = {
      kind: "links",
      links: [
        ...["eu", "apac", "latam", "africa"].map((target) => ({ source: "us", target })),
        { source: "eu", target: "us" },
      ],
    };
    const reports = { name: "reports", namespace: "bi", ports: ["http"] };
    const services = [
      { name: "checkout", namespace: "shop", ports: ["http"], mode: "federated", in: Object.keys(GATEWAYS) },
      { ...reports, mode: "gateway", in: ["us", "eu", "apac", "africa"], allowGateway: true },
      { ...reports, mode: "flat", in: ["latam"] },
    ];
    config["linkerd-fleet:services"] = services;
  });
  const first = await lab.cli();
  if (first.code !== 0) throw new Error(`the first run failed:\n${first.stdout}\n${first.stderr}`);
});
afterAll(() => lab?.remove());

/** The fields of a Link that all kinds of gateway have alike. */
function common(target: string) {
  return {
    targetClusterName: target,
    targetClusterDomain: "cluster.local",
    targetClusterLinkerdNamespace: "linkerd",
    clusterCredentialsSecret: `cluster-credentials-${target}`,
    remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
    federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
    excludedAnnotations: DEFAULT_EXCLUDED_ANNOTATIONS,
    excludedLabels: DEFAULT_EXCLUDED_LABELS,
  };
}

/** And those of a Link to a gateway. */
function through(address: string, port: number, probePort: number, account: string) {
  return {
    gatewayAddress: address,
    gatewayPort: String(port),
    gatewayIdentity: `${account}.serviceaccount.identity.linkerd.cluster.local`,
    probeSpec: {
      path: "/ready",
      port: String(probePort),
      period: "3s",
      failureThreshold: "3",
      timeout: "5s",
    },
    selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
  };
}

const CHART = "linkerd-gateway.linkerd-multicluster";

describe("five kinds of gateway and three modes in one fleet", () => {
  let before: Owned[];

  it("come up together, one cluster having changed to its Emissary", async () => {
    const fixture = join(repository, "lab", "emissary");
    await lab.kubectl("africa", "apply", "-f", fixture);
    // The address comes later than the Service.
    const address = "jsonpath={.status.loadBalancer.ingress}";
    await lab.kubectl("africa", "wait", "service/emissary-ingress", "-n=emissary", `--for=${address}`);
    before = await Promise.all(FOREIGN.map(owned));
    gatewayOf("africa", EMISSARY);
    await up();
    expect(await lab.preview()).toEqual([]);
  });

  it("a load balancer: its address, the proxy's ports", async () => {
    const address = await addressOf("us", "linkerd-gateway", "linkerd-multicluster");
    expect(await linkSpec("eu", "us")).toEqual({ ...common("us"), ...through(address, 4143, 4191, CHART) });
  });

  it("node ports: the nodes' addresses, the two node ports, and the same ones in the Service", async () => {
    expect(await linkSpec("us", "eu")).toEqual({
      ...common("eu"),
      ...through("192.0.2.11,node.eu.example.com", 30143, 30191, CHART),
    });
    const { spec } = await read("eu", "service", "linkerd-gateway", "-n=linkerd-multicluster");
    expect(spec).toMatchObject({
      type: "NodePort",
      ports: [
        { name: "mc-gateway", port: 4143, nodePort: 30143 },
        { name: "mc-probe", port: 4191, nodePort: 30191 },
      ],
    });
  });

  it("an address known beforehand: it, and the ports in front of it", async () => {
    expect(await linkSpec("us", "apac")).toEqual({
      ...common("apac"),
      ...through("gw.apac.example.com", 443, 8443, CHART),
    });
  });

  it("none: nothing of a gateway, and no probe", async () => {
    expect(await linkSpec("us", "latam")).toEqual({
      ...common("latam"),
      selector: { matchLabels: { "linkerd-fleet/crosses": "nothing" } },
    });
  });

  it("an Emissary: its address, the proxy's ports, the identity it runs as", async () => {
    const address = await addressOf("africa", "emissary-ingress", "emissary");
    expect(address).not.toBe("");
    expect(await linkSpec("us", "africa")).toEqual({
      ...common("africa"),
      ...through(address, 4143, 4191, "emissary-ingress.emissary"),
    });
  });

  it("each probe Service of a source has the port that its Link probes", async () => {
    const probes = await lab.kubectl(
      "us",
      "get",
      "services",
      "-n=linkerd-multicluster",
      "-l=mirror.linkerd.io/mirrored-gateway",
      "-o=jsonpath={range .items[*]}{.metadata.name}={.spec.ports[0].port} {end}",
    );
    expect(probes.trim().split(" ").sort()).toEqual([
      "probe-africa=4191",
      "probe-apac=8443",
      "probe-eu=30191",
    ]);
  });

  it("Emissary's objects have what a gateway needs, and nothing else of theirs changed", async () => {
    const [deployment, service, account] = await Promise.all(FOREIGN.map(owned));
    expect(account).toEqual(before[2]);
    const annotated = structuredClone(before[0]);
    Object.assign(annotated?.spec.template?.metadata.annotations ?? {}, {
      "linkerd.io/inject": "enabled",
      "config.linkerd.io/enable-gateway": "true",
      "config.linkerd.io/proxy-require-identity-inbound-ports": "4143",
      "config.linkerd.io/skip-inbound-ports": "8080,8443",
    });
    expect(deployment).toEqual(annotated);
    expect(service?.spec).toEqual({
      ...before[1]?.spec,
      ports: [
        ...(before[1]?.spec.ports ?? []),
        expect.objectContaining({ name: "mc-gateway", port: 4143, targetPort: 4143 }),
        expect.objectContaining({ name: "mc-probe", port: 4191, targetPort: 4191 }),
      ],
    });
  });

  it("Emissary's gateway port takes the meshed pods of the linked clusters, and its other port only probes", async () => {
    const policies = await lab.kubectl(
      "africa",
      "get",
      "servers.policy.linkerd.io,authorizationpolicies.policy.linkerd.io,hosts.getambassador.io,mappings.getambassador.io",
      "-n=emissary",
      "-o=name",
    );
    expect(policies.trim().split("\n").sort()).toEqual([
      "authorizationpolicy.policy.linkerd.io/fleet.gateway",
      "host.getambassador.io/shop",
      "mapping.getambassador.io/checkout",
      "server.policy.linkerd.io/fleet.gateway",
      "server.policy.linkerd.io/fleet.gateway-admin",
    ]);
    const { spec } = await read("africa", "meshtlsauthentication", "fleet.gateway", "-n=emissary");
    expect(spec).toEqual({ identities: ["*.identity.linkerd.cluster.local"] });
  });

  it("back at the load balancer, Emissary's objects are field by field as they were found", async () => {
    gatewayOf("africa", { type: "loadBalancer" });
    await up();
    const after = await Promise.all(FOREIGN.map(owned));
    expect(stringify(after)).toBe(stringify(before));
    const left = await lab.kubectl(
      "africa",
      "get",
      "servers.policy.linkerd.io,authorizationpolicies.policy.linkerd.io,meshtlsauthentications.policy.linkerd.io," +
        "networkauthentications.policy.linkerd.io,hosts.getambassador.io,mappings.getambassador.io",
      "-n=emissary",
      "-o=name",
    );
    expect(left).toBe("");
    const address = await addressOf("africa", "linkerd-gateway", "linkerd-multicluster");
    expect(await linkSpec("us", "africa")).toEqual({
      ...common("africa"),
      ...through(address, 4143, 4191, CHART),
    });
    expect(await lab.preview()).toEqual([]);
  });
});
