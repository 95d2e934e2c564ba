import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { repository } from "../../lab/env";
import { CHART, common, EMISSARY, fiveGateways, through } from "./fiveGateways";
import type { TestLab } from "./harness";

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
  readonly metadata: { readonly annotations: Record<string, string> };
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
  lab = await fiveGateways();
});
afterAll(() => lab?.remove());

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
    Object.assign(annotated?.metadata.annotations ?? {}, {
      "pulumi.com/patchFieldManager": "linkerd-fleet-gateway",
    });
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

describe("traffic", () => {
  it("is divided between the Service of the callers' own cluster and a mirror", async () => {
    const { spec } = await read("us", "httproute.gateway.networking.k8s.io", "fleet.reports.80", "-n=bi");
    const service = { group: "", kind: "Service", port: 80 };
    expect(spec).toMatchObject({
      parentRefs: [{ ...service, name: "reports" }],
      rules: [
        {
          backendRefs: [
            { ...service, name: "reports-eu", weight: 10 },
            { ...service, name: "reports", weight: 90 },
          ],
        },
      ],
    });
  });

  it("turns away from failing endpoints: each member says so", async () => {
    for (const cluster of ["eu", "apac", "latam", "africa"]) {
      const { metadata } = await read(cluster, "service", "checkout", "-n=shop");
      expect(metadata).toMatchObject({
        labels: { "mirror.linkerd.io/federated": "member" },
        annotations: {
          "balancer.linkerd.io/failure-accrual": "consecutive",
          "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "7",
        },
      });
    }
  });

  it("is told in the outputs: who serves a service, and whose ports a federated one has", async () => {
    const ages = await lab.kubectl(
      "us",
      "get",
      "links",
      "-n=linkerd-multicluster",
      "-o=jsonpath={range .items[*]}{.metadata.creationTimestamp} {.metadata.name} {end}",
    );
    const links = [...ages.matchAll(/(\S+) (\S+) /g)].map(([, age = "", name]) => ({ age, name }));
    const [oldest] = links.map(({ age }) => age).sort();
    const truth = links.filter(({ age }) => age === oldest).map(({ name }) => name);
    const services = JSON.parse((await lab.pulumi("stack", "output", "services", "--json")).stdout);
    expect(services).toContainEqual(
      expect.objectContaining({
        name: "checkout",
        clusters: ["africa", "apac", "eu", "latam"],
        sourceOfTruth: { africa: ["africa"], apac: ["apac"], eu: ["eu"], latam: ["latam"], us: truth.sort() },
      }),
    );
  });

  it("does not go to a federated service whose members have different ports", async () => {
    const port = (number: number) => `[{"op":"replace","path":"/spec/ports/0/port","value":${number}}]`;
    await lab.kubectl("apac", "patch", "service", "checkout", "-n=shop", "--type=json", `-p=${port(8080)}`);
    const refused = await lab.pulumi("preview", "--refresh");
    await lab.kubectl("apac", "patch", "service", "checkout", "-n=shop", "--type=json", `-p=${port(80)}`);
    expect(refused.code).not.toBe(0);
    const said = refused.stdout + refused.stderr;
    expect(said).toContain("The federated service shop/checkout has members with different ports");
    expect(said).toContain("http 8080/TCP in apac");
    expect(said).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  });
});

describe("evacuating a cluster", () => {
  const evacuate = (cluster: string, evacuated: boolean) =>
    lab.edit((config) => {
      config["linkerd-fleet:clusters"][cluster] = {
        ...config["linkerd-fleet:clusters"][cluster],
        evacuate: evacuated,
      };
    });
  const planned = async () =>
    (await lab.preview())
      .filter(({ type }) => type !== "pulumi:pulumi:Stack")
      .map(({ op, name }) => `${op} ${name}`)
      .sort();
  const members = async (cluster: string) => {
    const selector = "mirror.linkerd.io/exported";
    const federated = "mirror.linkerd.io/federated";
    const found = await Promise.all(
      [selector, federated].map((label) =>
        lab.kubectl(cluster, "get", "services", "-A", `-l=${label}`, "-o=name"),
      ),
    );
    return found.join("").trim().split("\n").filter(Boolean);
  };

  it("changes its own members and nothing else", async () => {
    evacuate("apac", true);
    expect(await planned()).toEqual([
      "update apac-bi-reports",
      "update apac-bi-reports-labels",
      "update apac-shop-checkout",
      "update apac-shop-checkout-labels",
    ]);
    await up();
    expect(await members("apac")).toEqual([]);
    expect(await members("africa")).toEqual(["service/reports", "service/checkout"]);
    expect(await planned()).toEqual([]);
  });

  it("takes the share that callers of other clusters gave it", async () => {
    evacuate("eu", true);
    expect(await planned()).toEqual([
      "update eu-bi-reports",
      "update eu-bi-reports-labels",
      "update eu-shop-checkout",
      "update eu-shop-checkout-labels",
      "update us-bi-reports-traffic-80",
      "update us-bi-reports-traffic-80-route",
    ]);
    evacuate("eu", false);
  });

  it("is refused where it takes the last member", async () => {
    evacuate("latam", true);
    const refused = await lab.pulumi("preview");
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("leaves the service bi/reports (flat) with no member");
    evacuate("latam", false);
  });
});
