import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import {
  asGateway,
  besideEmissary,
  CHART,
  common,
  EMISSARY,
  emissaryObjects,
  fiveGateways,
  through,
} from "./fiveGateways";
import type { StackConfig, TestLab } from "./harness";

let lab: TestLab;

/** Of the federated service. */
const MEMBERS = ["eu", "apac", "latam", "africa"];

function gatewayOf(cluster: string, gateway: object): void {
  lab.edit((config) => {
    config["linkerd-fleet:clusters"][cluster] = { ...config["linkerd-fleet:clusters"][cluster], gateway };
  });
}

async function up(...more: string[]): Promise<void> {
  const ran = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", ...more);
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

/** What of africa carries links: the chart's gateway, its Service and its policies. */
const chartGateway = () =>
  lab.kubectl(
    "africa",
    "get",
    "deployments,services,servers.policy.linkerd.io",
    "-n=linkerd-multicluster",
    "--field-selector=metadata.name=linkerd-gateway",
    "-o=name",
  );

const ROUTE = "httproute.gateway.networking.k8s.io";

let before: Awaited<ReturnType<typeof emissaryObjects>>;
beforeAll(async () => {
  lab = await fiveGateways();
  before = await emissaryObjects(lab);
  await up();
});
afterAll(() => lab?.remove());

describe("five kinds of gateway and three modes in one fleet", () => {
  it("come up at once, from nothing, and then nothing is left to do", async () => {
    expect(await lab.preview()).toEqual([]);
  });

  it("a load balancer: its address, the proxy's ports", async () => {
    const address = await addressOf("us", "linkerd-gateway", "linkerd-multicluster");
    expect(await linkSpec("eu", "us")).toEqual({ ...common("us"), ...through(address, 4143, 4191, CHART) });
  });

  it("a load balancer of a highly available cluster: what the stack file says of its Service, and three pods", async () => {
    const at = ["linkerd-gateway", "-n=linkerd-multicluster"];
    expect(await read("us", "service", ...at)).toMatchObject({
      metadata: { annotations: { "example.com/balancer": "internal" } },
      spec: { type: "LoadBalancer", loadBalancerSourceRanges: ["198.51.100.0/24"] },
    });
    expect(await read("us", "deployment", ...at)).toMatchObject({
      spec: { replicas: 3, template: { spec: { affinity: { podAntiAffinity: {} } } } },
      status: { availableReplicas: 3 },
    });
    expect(await read("us", "poddisruptionbudget", ...at)).toMatchObject({
      spec: { selector: { matchLabels: { app: "linkerd-gateway" } } },
    });
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

  it("all three modes on one link: the Services' labels, and the Link's selector for each", async () => {
    const labels = (service: string, namespace: string) =>
      read("africa", "service", service, `-n=${namespace}`);
    expect(await labels("reports", "bi")).toMatchObject({
      metadata: { labels: { "mirror.linkerd.io/exported": "true" } },
    });
    expect(await labels("stock", "shop")).toMatchObject({
      metadata: { labels: { "mirror.linkerd.io/exported": "remote-discovery" } },
    });
    expect(await labels("checkout", "shop")).toMatchObject({
      metadata: { labels: { "mirror.linkerd.io/federated": "member" } },
    });
    expect(await linkSpec("us", "africa")).toMatchObject({
      selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
      remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
      federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
    });
  });

  it("headless services: exported and closed like others, mirrored pod by pod through the gateway alone", async () => {
    const headless = [
      { cluster: "africa", name: "carts", namespace: "shop", label: "true", app: "carts" },
      { cluster: "latam", name: "ledger", namespace: "bi", label: "remote-discovery", app: "reports" },
    ];
    for (const { cluster, name, namespace, label, app } of headless) {
      expect(await read(cluster, "service", name, `-n=${namespace}`)).toMatchObject({
        metadata: { labels: { "mirror.linkerd.io/exported": label } },
        spec: { clusterIP: "None" },
      });
      const server = await read(cluster, "server.policy.linkerd.io", `fleet.${name}.http`, `-n=${namespace}`);
      expect(server).toMatchObject({
        spec: { podSelector: { matchLabels: { app } }, port: "http", accessPolicy: "deny" },
      });
    }
    const controllers = async (cluster: string) => {
      const values = `helm get values linkerd-multicluster -n linkerd-multicluster --kube-context ${cluster} -o json`;
      const ran = await lab.shell(values);
      expect(ran.code, ran.stderr).toBe(0);
      const { controllers: all } = JSON.parse(ran.stdout) as {
        controllers: { link: { ref: { name: string } }; enableHeadlessServices?: boolean }[];
      };
      return all.map(({ link, enableHeadlessServices }) => [link.ref.name, enableHeadlessServices]);
    };
    expect(Object.fromEntries(await controllers("us"))).toEqual({
      africa: true,
      apac: undefined,
      eu: undefined,
      latam: undefined,
    });
    expect(await controllers("eu")).toEqual([["us", undefined]]);
  });

  it("namespaces of mirrors are made where that was asked for, and nowhere else", async () => {
    const makers = await Promise.all(
      ["us", "eu", "apac"].map(async (cluster) => {
        const role = "linkerd-multicluster-controller-access-local-resources";
        const { rules } = await read(cluster, "clusterrole", role);
        return (rules as { resources: string[]; verbs: string[] }[]).some(
          ({ resources, verbs }) => resources.includes("namespaces") && verbs.includes("create"),
        );
      }),
    );
    expect(makers).toEqual([true, false, false]);
  });
});

describe("an Emissary as the gateway", () => {
  it("has what a gateway needs, from the first up on, and nothing else of its owner's changed", async () => {
    expect(await emissaryObjects(lab)).toEqual(asGateway(before));
  });

  it("stands in for the chart's own, of which there is nothing", async () => {
    expect(await chartGateway()).toBe("");
  });

  it("takes the meshed pods of the linked clusters at its gateway port, and only probes at its other", async () => {
    expect(await besideEmissary(lab)).toEqual([
      "authorizationpolicy.policy.linkerd.io/fleet.gateway",
      "host.getambassador.io/shop",
      "mapping.getambassador.io/checkout",
      "meshtlsauthentication.policy.linkerd.io/fleet.gateway",
      "module.getambassador.io/ambassador",
      "networkauthentication.policy.linkerd.io/fleet.gateway",
      "server.policy.linkerd.io/fleet.gateway",
      "server.policy.linkerd.io/fleet.gateway-admin",
    ]);
    const { spec } = await read("africa", "meshtlsauthentication", "fleet.gateway", "-n=emissary");
    expect(spec).toEqual({ identities: ["*.identity.linkerd.cluster.local"] });
    const module = await read("africa", "module.getambassador.io", "ambassador", "-n=emissary");
    expect(module.spec).toEqual({ config: EMISSARY.module });
  });
});

describe("traffic", () => {
  it("is divided between the Service of the callers' own cluster and a mirror", async () => {
    const { spec } = await read("us", ROUTE, "fleet.reports.80", "-n=bi");
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

  it("turns away from failing endpoints, waits and is sent again as each member says", async () => {
    for (const cluster of MEMBERS) {
      const { metadata } = await read(cluster, "service", "checkout", "-n=shop");
      expect(metadata).toMatchObject({
        labels: { "mirror.linkerd.io/federated": "member" },
        annotations: {
          "balancer.linkerd.io/failure-accrual": "consecutive",
          "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "7",
          "timeout.linkerd.io/request": "2s",
          "retry.linkerd.io/limit": "2",
          "retry.linkerd.io/http": "5xx",
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

describe("changing the gateway of a cluster", () => {
  const backAtTheBalancer = async () => {
    expect(stringify(await emissaryObjects(lab))).toBe(stringify(before));
    expect(await besideEmissary(lab)).toEqual([]);
    const address = await addressOf("africa", "linkerd-gateway", "linkerd-multicluster");
    expect(await linkSpec("us", "africa")).toEqual({
      ...common("africa"),
      ...through(address, 4143, 4191, CHART),
    });
  };

  it("from Emissary to a load balancer gives Emissary's objects back, field by field as they were found", async () => {
    gatewayOf("africa", { type: "loadBalancer" });
    await up();
    await backAtTheBalancer();
  });

  it("to an Emissary whose pods somebody told otherwise is refused, and the gateway goes on", async () => {
    const told = (port: string | null) =>
      lab.kubectl(
        "africa",
        "patch",
        "deployment/emissary-ingress",
        "-n=emissary",
        "--field-manager=edge-team",
        `--patch=${JSON.stringify({
          spec: { template: { metadata: { annotations: { "config.linkerd.io/skip-inbound-ports": port } } } },
        })}`,
      );
    const link = await linkSpec("us", "africa");
    await told("8080");
    gatewayOf("africa", EMISSARY);
    try {
      const refused = await lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
      expect(refused.code).not.toBe(0);
      const said = refused.stdout + refused.stderr;
      expect(said).toContain("config.linkerd.io/skip-inbound-ports");
      expect(said).toContain("edge-team");
      expect(said).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
    } finally {
      await told(null);
    }
    expect(await chartGateway()).toContain("deployment.apps/linkerd-gateway");
    expect(await linkSpec("us", "africa")).toEqual(link);
  });

  it("to Emissary patches what it must, and takes the chart's own gateway away", async () => {
    await up();
    expect(await emissaryObjects(lab)).toEqual(asGateway(before));
    expect(await chartGateway()).toBe("");
    const address = await addressOf("africa", "emissary-ingress", "emissary");
    expect(await linkSpec("us", "africa")).toMatchObject(
      through(address, 4143, 4191, "emissary-ingress.emissary"),
    );
  });

  it("back at the load balancer, they are as they were found again", async () => {
    gatewayOf("africa", { type: "loadBalancer" });
    lab.edit((config) => {
      const checkout = config["linkerd-fleet:services"].find(({ name }) => name === "checkout");
      Object.assign(checkout ?? {}, { timeouts: undefined, retries: undefined });
    });
    const status = {
      loadBalancer: { ingress: [{ ip: "198.51.100.7" }, { hostname: "gw.us.example.com" }] },
    };
    const service = ["service/linkerd-gateway", "-n=linkerd-multicluster", "--type=merge"];
    await lab.kubectl("us", "patch", ...service, "--subresource=status", `-p=${JSON.stringify({ status })}`);
    await up("--refresh");
    await backAtTheBalancer();
  });

  it("whose load balancer got another address, or several, is followed by its Links with a refresh", async () => {
    expect(await linkSpec("eu", "us")).toMatchObject({ gatewayAddress: "198.51.100.7,gw.us.example.com" });
  });

  it("leaves nothing to do, nor any trace of timeouts and retries that are no longer asked for", async () => {
    for (const cluster of MEMBERS) {
      const { metadata } = await read(cluster, "service", "checkout", "-n=shop");
      const { annotations } = metadata as { annotations: Record<string, string> };
      expect(Object.keys(annotations).filter((key) => /^(timeout|retry)\./.test(key))).toEqual([]);
      expect(annotations).toHaveProperty(["balancer.linkerd.io/failure-accrual"]);
    }
    expect(await lab.preview()).toEqual([]);
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

  /** What evacuations change: the exported Services of two clusters, and the route that divides to one of them. */
  const evacuable = async () => {
    const services = ["eu", "apac"].flatMap((cluster) => [
      read(cluster, "service", "reports", "-n=bi"),
      read(cluster, "service", "checkout", "-n=shop"),
    ]);
    const found = await Promise.all([...services, read("us", ROUTE, "fleet.reports.80", "-n=bi")]);
    return found.map((object) => {
      const { metadata, spec } = object as { metadata: Record<string, unknown>; spec: unknown };
      return { labels: metadata.labels, annotations: metadata.annotations, spec };
    });
  };
  let before: Awaited<ReturnType<typeof evacuable>>;

  it("changes its own members and nothing else", async () => {
    before = await evacuable();
    evacuate("apac", true);
    expect(await planned()).toEqual([
      "update apac-bi-reports",
      "update apac-bi-reports-labels",
      "update apac-shop-checkout",
      "update apac-shop-checkout-labels",
    ]);
    await up();
    expect(await members("apac")).toEqual([]);
    expect(await members("africa")).toEqual([
      "service/reports",
      "service/carts",
      "service/stock",
      "service/checkout",
    ]);
    expect(await planned()).toEqual([]);
    const services = JSON.parse((await lab.pulumi("stack", "output", "services", "--json")).stdout);
    expect(services).toContainEqual(
      expect.objectContaining({
        ...{ name: "checkout", clusters: ["africa", "eu", "latam"], evacuated: ["apac"] },
      }),
    );
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
    await up();
    const { spec } = await read("us", ROUTE, "fleet.reports.80", "-n=bi");
    expect(spec).toMatchObject({ rules: [{ backendRefs: [{ name: "reports", weight: 90 }] }] });
    const listed = await lab.shell("npx fleet services --json");
    expect(listed.code, listed.stderr).toBe(0);
    expect(JSON.parse(listed.stdout)).toContainEqual(
      expect.objectContaining({
        ...{ service: "shop/checkout", mode: "federated", declared: ["africa", "apac", "eu", "latam"] },
        ...{ evacuated: ["apac", "eu"], labelled: ["africa", "latam"] },
      }),
    );
  });

  it("is undone without a trace", async () => {
    for (const cluster of ["apac", "eu"]) evacuate(cluster, false);
    await up();
    expect(await evacuable()).toEqual(before);
    expect(await planned()).toEqual([]);
  });

  it("is refused where it takes the last member", async () => {
    evacuate("latam", true);
    const refused = await lab.pulumi("preview");
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("leaves the service bi/reports (flat) with no member");
    evacuate("latam", false);
  });
});

describe("taking the fleet away from an Emissary that carried links", () => {
  const asFound = async () => {
    expect(stringify(await emissaryObjects(lab))).toBe(stringify(before));
    // Linkerd's own kinds went with its CRDs.
    const kinds = "modules.getambassador.io,hosts.getambassador.io,mappings.getambassador.io";
    expect(await lab.kubectl("africa", "get", kinds, "-n=emissary", "-o=name")).toBe("");
    expect(await lab.kubectl("africa", "get", "customresourcedefinitions", "-o=name")).not.toContain(
      "policy.linkerd.io",
    );
  };
  let config: StackConfig;

  it("gives back its Service and its Deployment when the cluster leaves the fleet", async () => {
    gatewayOf("africa", EMISSARY);
    await up();
    expect(await emissaryObjects(lab)).toEqual(asGateway(before));
    lab.edit((now) => {
      config = structuredClone(now);
      delete now["linkerd-fleet:clusters"].africa;
      const { links } = now["linkerd-fleet:topology"] as { links: { target: string }[] };
      now["linkerd-fleet:topology"] = {
        kind: "links",
        links: links.filter(({ target }) => target !== "africa"),
      };
      now["linkerd-fleet:services"] = now["linkerd-fleet:services"]
        .map((service) => ({ ...service, in: service.in.filter((name) => name !== "africa") }))
        .filter((service) => service.in.length > 0);
      now["linkerd-fleet:allowUnsafe"] = ["remove-undrained-cluster"];
    });
    await up();
    await asFound();
  });

  it("gives them back when all of it is destroyed", async () => {
    lab.edit((now) => Object.assign(now, config, { "linkerd-fleet:allowUnsafe": [] }));
    await up();
    expect(await emissaryObjects(lab)).toEqual(asGateway(before));
    const ran = await lab.shell("npx fleet destroy --yes");
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    await asFound();
    const gateways = await lab.kubectl("africa", "get", "namespaces", "-o=name");
    expect(gateways).not.toContain("linkerd");
  });
});
