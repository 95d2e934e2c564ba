import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ran } from "../../lab/run";
import { TestLab } from "./harness";
import { during } from "./watch";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
let lab: TestLab;
let first: Ran;

beforeAll(async () => {
  const gateway = { type: "loadBalancer", allowedNetworks: ["192.0.2.0/24"], allowedIdentities: [WEB] };
  const namespaces = { shop: { defaultInboundPolicy: "all-authenticated" } };
  lab = await TestLab.create({ eu: { gateway, namespaces }, us: {} });
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) service.in = ["eu"];
  });
  first = await lab.cli();
});
afterAll(() => lab?.remove());

const KINDS = [
  "servers.policy.linkerd.io",
  "httproutes.policy.linkerd.io",
  "authorizationpolicies.policy.linkerd.io",
  "meshtlsauthentications.policy.linkerd.io",
  "networkauthentications.policy.linkerd.io",
].join();

async function policies(cluster: string): Promise<string[]> {
  const names = await lab.kubectl(cluster, "get", KINDS, "-n=shop", "-o=name");
  return (
    names
      .split("\n")
      .filter(Boolean)
      // The end of a route's name stands for what it matches.
      .map((name) => name.replace(".policy.linkerd.io/", " ").replace(/\.[0-9a-f]{8}\b/, ""))
      .sort()
  );
}

const CLOSED = [
  "authorizationpolicy fleet.checkout.http.local",
  "meshtlsauthentication fleet.checkout.local",
  "networkauthentication fleet.checkout.local",
  "server fleet.checkout.http",
];

async function gateway(): Promise<unknown[]> {
  const read = (object: string, field: string) =>
    lab.kubectl("eu", "get", object, "-n=linkerd-multicluster", `-o=jsonpath={.spec.${field}}`);
  return [
    JSON.parse(await read("networkauthentication/source-cluster", "networks")),
    JSON.parse(await read("meshtlsauthentication/any-meshed", "identities")),
  ];
}

describe("a declared grant", () => {
  it("creates exactly the documented objects, where the service is exported", async () => {
    expect(first.stderr).toBe("");
    expect(await policies("eu")).toEqual(
      [
        ...CLOSED,
        "authorizationpolicy fleet.checkout.http.callers",
        "meshtlsauthentication fleet.checkout.http.callers",
      ].sort(),
    );
    expect(await policies("us")).toEqual([]);
    const server = await lab.kubectl("eu", "get", "server", "fleet.checkout.http", "-n=shop", "-o=json");
    expect(JSON.parse(server).spec).toEqual({
      podSelector: { matchLabels: { app: "checkout" } },
      port: "http",
      proxyProtocol: "unknown",
      accessPolicy: "deny",
    });
    expect(
      await lab.kubectl(
        "eu",
        "get",
        "meshtlsauthentication",
        "fleet.checkout.http.callers",
        "-n=shop",
        "-o=jsonpath={.spec.identities[*]}",
      ),
    ).toBe(WEB);
  });

  it("leaves nothing to do", async () => {
    expect(await lab.preview()).toEqual([]);
  });

  it("is of some requests only where it says so, and the rest stays as it was", async () => {
    lab.edit((config) => {
      config["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
        ...service,
        probes: ["/ready"],
        allow: [
          {
            namespace: "shop",
            serviceAccount: "web",
            routes: [{ path: { value: "/orders" }, method: "GET" }],
          },
        ],
      }));
    });
    const routed = await lab.cli();
    expect(routed.stderr).toBe("");
    const orders = "fleet.checkout.http.get-orders";
    expect(await policies("eu")).toEqual(
      [
        ...CLOSED,
        "httproute fleet.checkout.http.any",
        `httproute ${orders}`,
        `meshtlsauthentication ${orders}.callers`,
        `authorizationpolicy ${orders}.callers`,
        "httproute fleet.checkout.http.get-ready",
        "networkauthentication fleet.checkout.probes",
        "authorizationpolicy fleet.checkout.http.get-ready.probes",
      ].sort(),
    );
    const read = await lab.kubectl("eu", "get", "httproutes.policy.linkerd.io", "-n=shop", "-o=json");
    const routes: { spec: Record<"parentRefs" | "rules", unknown> }[] = JSON.parse(read).items;
    const matches = [
      { path: { type: "PathPrefix", value: "/" } },
      { path: { type: "PathPrefix", value: "/orders" }, method: "GET" },
      { path: { type: "Exact", value: "/ready" }, method: "GET" },
    ];
    expect(routes.map(({ spec }) => spec)).toEqual(
      matches.map((match) => ({
        parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: "fleet.checkout.http" }],
        rules: [{ matches: [match] }],
      })),
    );
    expect(await lab.preview()).toEqual([]);
  });

  it("is gone when it is not declared any more, and the service is closed", async () => {
    lab.edit((config) => {
      config["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
        ...service,
        allow: [],
      }));
      // An upgrade of the release that owns the gateway's authentications.
      config["linkerd-fleet:linkerd"] = {
        ...(config["linkerd-fleet:linkerd"] as object),
        charts: { multicluster: { values: { controllerDefaults: { logLevel: "debug" } } } },
      };
    });
    const second = await lab.cli();
    expect(second.stderr).toBe("");
    expect(await policies("eu")).toEqual(CLOSED);
  });
});

describe("a service that is exported, and then is not", () => {
  /** How often it was seen with an export label and no Server, during an update. */
  const seenOpen = async () => {
    const samples = await during(
      async () => expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 }),
      async () => {
        // A Server of either reading was there with the label: it comes before, and goes after it.
        const before = await policies("eu");
        const labels = await lab.kubectl("eu", "get", "service", "checkout", "-n=shop", "--show-labels");
        const servers = [...before, ...(await policies("eu"))];
        return {
          isExported: labels.includes("mirror.linkerd.io/"),
          isClosed: servers.includes("server fleet.checkout.http"),
        };
      },
    );
    expect(new Set(samples.map(({ isExported }) => isExported)).size).toBe(2);
    return samples.filter(({ isExported, isClosed }) => isExported && !isClosed).length;
  };

  it("loses its label before its Servers, and gets it after them", async () => {
    const services: object[] = [];
    lab.edit((config) => {
      services.push(...config["linkerd-fleet:services"]);
      config["linkerd-fleet:services"] = [];
    });
    expect(await seenOpen()).toBe(0);
    expect(await policies("eu")).toEqual([]);
    lab.edit((config) => {
      config["linkerd-fleet:services"] = services as (typeof config)["linkerd-fleet:services"];
    });
    expect(await seenOpen()).toBe(0);
    expect(await policies("eu")).toEqual(CLOSED);
  });
});

describe("a port that the Service leads to, and that `ports` does not name", () => {
  const patchPorts = (operation: object) =>
    lab.kubectl(
      "eu",
      ...["patch", "service", "checkout", "-n=shop", "--type=json", `-p=${JSON.stringify([operation])}`],
    );
  const addPort = () =>
    patchPorts({ op: "add", path: "/spec/ports/-", value: { name: "admin", port: 81, targetPort: 9090 } });
  const removePort = () => patchPorts({ op: "remove", path: "/spec/ports/1" });
  const declare = (...ports: (string | number)[]) =>
    lab.edit((config) => {
      config["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
        ...service,
        ports,
      }));
    });
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await lab.pulumi(...args);
    expect(code).not.toBe(0);
    const output = stdout + stderr;
    expect(output).toContain("The clusters do not fit the stack file");
    expect(output).toContain("services[0].ports");
    expect(output).toContain("the Service shop/checkout of eu also leads to port 9090 of its pods");
    expect(output).toContain("write `ports: [http, 9090]`");
  };

  it("stops the update that would open it, before the first resource", async () => {
    const services: object[] = [];
    lab.edit((config) => {
      services.push(...config["linkerd-fleet:services"]);
      config["linkerd-fleet:services"] = [];
    });
    expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 });
    await addPort();
    lab.edit((config) => {
      config["linkerd-fleet:services"] = services as (typeof config)["linkerd-fleet:services"];
    });
    await refused("preview");
    await refused("up", "--yes", "--skip-preview");
    expect(await policies("eu")).toEqual([]);
    const labels = await lab.kubectl("eu", "get", "service", "checkout", "-n=shop", "--show-labels");
    expect(labels).not.toContain("mirror.linkerd.io/");
  });

  it("is closed as soon as it is named, and cannot leave while the Service leads to it", async () => {
    declare("http", 9090);
    expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 });
    expect(await policies("eu")).toEqual(
      [...CLOSED, "authorizationpolicy fleet.checkout.9090.local", "server fleet.checkout.9090"].sort(),
    );
    expect(await lab.preview()).toEqual([]);
    declare("http");
    await refused("preview");
  });

  it("is told where the service crosses already, stops nothing, and fails verify", async () => {
    await removePort();
    expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 });
    expect(await policies("eu")).toEqual(CLOSED);
    await addPort();
    const preview = await lab.pulumi("preview", "--expect-no-changes");
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
    expect(preview.stdout + preview.stderr).toContain(
      "services[0].ports: the Service shop/checkout of eu also leads to port 9090 of its pods",
    );
    const { stdout } = await lab.shell("npx fleet verify --json || true");
    expect(stdout).toContain("port 9090 lets in");
    await removePort();
    const { stdout: after } = await lab.shell("npx fleet verify --json || true");
    expect(after).not.toContain("port 9090");
  });
});

it("the gateway takes only the allowed callers, also after an upgrade of its chart", async () => {
  expect(await gateway()).toEqual([[{ cidr: "192.0.2.0/24" }], [WEB]]);
  const history = await lab.kubectl(
    "eu",
    "get",
    "secrets",
    "-n=linkerd-multicluster",
    "-l=owner=helm,name=linkerd-multicluster",
    "-o=name",
  );
  expect(history.trim().split("\n").length).toBeGreaterThan(1);
  expect(await lab.preview()).toEqual([]);
});

const defaultPolicy = () =>
  lab
    .kubectl("eu", "get", "namespace", "shop", "-o=yaml")
    .then((namespace) => /config.linkerd.io\/default-inbound-policy: (\S+)/.exec(namespace)?.[1]);

it("a namespace has the default policy of its own", async () => {
  expect(await defaultPolicy()).toBe("all-authenticated");
});

it("the gateway is opened again by saying so; what is no longer said stays, and verify says what to write", async () => {
  lab.edit((config) => {
    const eu = config["linkerd-fleet:clusters"].eu as object;
    config["linkerd-fleet:clusters"].eu = {
      ...eu,
      gateway: { type: "loadBalancer", allowedIdentities: ["*"] },
      namespaces: {},
    };
  });
  expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 });
  expect(await gateway()).toEqual([[{ cidr: "192.0.2.0/24" }], ["*"]]);
  expect(await defaultPolicy()).toBeUndefined();
  expect(await policies("eu")).toEqual(CLOSED.filter((name) => !name.startsWith("meshtls")));
  expect(await lab.preview()).toEqual([]);
  const { stdout } = await lab.shell("npx fleet verify || true");
  expect(stdout).toContain(
    "the NetworkAuthentication source-cluster of the gateway lets others in than planned",
  );
  expect(stdout).toContain("write who may as clusters.eu.gateway.allowedNetworks");
  expect(stdout).not.toContain("any-meshed");
});

describe("the CRDs of the lab", () => {
  const meta = { name: "sample", namespace: "shop" };
  const policyRoute = (rule: object) => ({
    apiVersion: "policy.linkerd.io/v1beta3",
    kind: "HTTPRoute",
    metadata: meta,
    spec: { rules: [rule] },
  });
  const gatewayRoute = (rule: object) => ({
    ...policyRoute(rule),
    apiVersion: "gateway.networking.k8s.io/v1",
  });
  const apply = (object: object) =>
    lab.shell(`kubectl --context eu apply --dry-run=server -f - <<'END'\n${JSON.stringify(object)}\nEND`);
  const backend = { name: "checkout", kind: "Service", group: "" };
  const redirect = { type: "RequestRedirect", requestRedirect: { statusCode: 301 } };

  /** Each is taken by the schemas of linkerd2 `charts/linkerd-crds` and by `policy-controller/runtime/src/admission.rs`. */
  it.each<[string, object]>([
    ["a backend of Linkerd's route without a port", policyRoute({ backendRefs: [backend] })],
    [
      "a redirect beside backends",
      policyRoute({ filters: [redirect], backendRefs: [{ ...backend, port: 80 }] }),
    ],
    [
      "a filter with the field of another type",
      policyRoute({ filters: [{ ...redirect, requestHeaderModifier: { remove: ["a"] } }] }),
    ],
    ["a timeout as Go writes it", policyRoute({ timeouts: { request: "1.5s", backendRequest: "100us" } })],
    ["sessions of a route of the Gateway API", gatewayRoute({ sessionPersistence: { type: "Cookie" } })],
    ["a gRPC route without a spec", { ...gatewayRoute({}), kind: "GRPCRoute", spec: undefined }],
    [
      "a ServerAuthorization of no network",
      {
        apiVersion: "policy.linkerd.io/v1beta1",
        kind: "ServerAuthorization",
        metadata: meta,
        spec: { server: { name: "any" }, client: { networks: [], unauthenticated: true } },
      },
    ],
  ])("take %s, as Linkerd's own do", async (_, object) => {
    const { code, stderr } = await apply(object);
    expect(code, stderr).toBe(0);
  });

  it("refuse what Linkerd's own refuse", async () => {
    const { stderr } = await apply(gatewayRoute({ backendRefs: [backend] }));
    expect(stderr).toContain("a Service needs a port");
    const networks = {
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "NetworkAuthentication",
      metadata: meta,
      spec: { networks: [] },
    };
    expect((await apply(networks)).stderr).toContain("spec.networks");
  });
});
