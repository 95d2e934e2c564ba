import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressesOf, isAuthorized, lies, matchesIdentity } from "../../../fleet/effective/clients";
import type { MeshSettings } from "../../../fleet/effective/cluster";
import { decide, type Request, type Verdict } from "../../../fleet/effective/inbound";
import { portsOf } from "../../../fleet/effective/ports";
import { reachThroughGateway } from "../../../fleet/effective/reach";
import { selects } from "../../../fleet/effective/selectors";
import { portPolicy } from "../../../fleet/effective/servers";
import * as shapes from "../../../fleet/effective/shapes";
import { clusterOf, identity, meshedPod, type Raw } from "../../../testing/effective";

const GET: Request = { method: "GET", path: "/orders" };
const WEB = { identity: identity("web"), address: "10.2.0.9" };
const UNMESHED = { address: "10.2.0.9" };

/** What becomes of a request to port 8080 of the one pod of a cluster. */
function ask(
  raw: Raw,
  client: { identity?: string; address?: string } = UNMESHED,
  request: Request = GET,
  { port = 8080, mesh = {} }: { port?: number; mesh?: Partial<MeshSettings> } = {},
): Verdict {
  const cluster = clusterOf({ pods: [meshedPod("web")], ...raw }, mesh);
  const [pod] = cluster.pods;
  if (!pod) throw new Error("no pod");
  return decide(cluster, pod, port, client, request);
}

const meta = (name: string, rest: object = {}) => ({ name, namespace: "shop", ...rest });
const server = (name = "web", spec: object = {}, metadata: object = {}) => ({
  metadata: meta(name, { creationTimestamp: "2026-01-02T00:00:00Z", ...metadata }),
  spec: { podSelector: { matchLabels: { app: "web" } }, port: 8080, accessPolicy: "deny", ...spec },
});
const policy = (target: object, refs: object[], name = "let-in") => ({
  metadata: meta(name),
  spec: { targetRef: target, requiredAuthenticationRefs: refs },
});
const TO_SERVER = { group: "policy.linkerd.io", kind: "Server", name: "web" };
const mtls = (name: string, identities: string[], rest: object = {}) => ({
  metadata: meta(name),
  spec: { identities, ...rest },
});
const needs = (kind: string, name: string, namespace?: string) => ({
  group: "policy.linkerd.io",
  kind,
  name,
  ...(namespace ? { namespace } : {}),
});
/** A Server that lets in `web` of namespace shop only. */
const closed = (rest: Raw = {}): Raw => ({
  servers: [server()],
  authorizationPolicies: [policy(TO_SERVER, [needs("MeshTLSAuthentication", "web")])],
  meshTlsAuthentications: [mtls("web", [identity("web")])],
  ...rest,
});

describe("a default policy", () => {
  test.each<[string, Verdict["outcome"], Verdict["outcome"], Verdict["outcome"]]>([
    // [policy, unmeshed of the cluster, meshed of the Internet, unmeshed of the Internet]
    ["all-unauthenticated", "allowed", "allowed", "allowed"],
    ["all-authenticated", "denied", "allowed", "denied"],
    ["cluster-unauthenticated", "allowed", "denied", "denied"],
    ["cluster-authenticated", "denied", "denied", "denied"],
    ["deny", "denied", "denied", "denied"],
    ["audit", "allowed", "allowed", "allowed"],
  ])("%s", (defaultInboundPolicy, local, meshed, stranger) => {
    const mesh = { defaultInboundPolicy };
    const outcome = (client: { identity?: string; address: string }) =>
      ask({}, client, GET, { mesh }).outcome;
    expect(outcome(UNMESHED)).toBe(local);
    expect(outcome({ ...WEB, address: "198.51.100.1" })).toBe(meshed);
    expect(outcome({ address: "198.51.100.1" })).toBe(stranger);
  });

  test("is the pod's own before the cluster's, and a word that is none counts as absent", () => {
    const pods = (policy: string) => [
      meshedPod("web", {
        metadata: { annotations: { "config.linkerd.io/default-inbound-policy": policy } },
      }),
    ];
    expect(ask({ pods: pods("deny") }).outcome).toBe("denied");
    expect(ask({ pods: pods("nobody") }).outcome).toBe("allowed");
  });

  test("asks for identity at ports that are listed", () => {
    const pods = [
      meshedPod("web", {
        metadata: { annotations: { "config.linkerd.io/proxy-require-identity-inbound-ports": "8000-8090" } },
      }),
    ];
    expect(ask({ pods }).outcome).toBe("denied");
    expect(ask({ pods }, WEB).outcome).toBe("allowed");
  });

  test("audit says so", () => {
    expect(ask({}, UNMESHED, GET, { mesh: { defaultInboundPolicy: "audit" } }).audited).toBe(true);
    expect(ask({ servers: [server("web", { accessPolicy: "audit" })] }).audited).toBe(true);
  });
});

describe("a Server", () => {
  test("lets in whom a policy names, and nobody else", () => {
    expect(ask(closed(), WEB)).toEqual({
      outcome: "allowed",
      why: "AuthorizationPolicy shop/let-in lets it in",
      by: ["Server shop/web", "default route", "AuthorizationPolicy shop/let-in"],
    });
    expect(ask(closed(), { ...WEB, identity: identity("batch") }).outcome).toBe("denied");
    expect(ask(closed()).outcome).toBe("denied");
    expect(ask(closed(), { address: "127.0.0.1" }).outcome).toBe("allowed");
  });

  test("the oldest counts, then the first by name", () => {
    const open = (name: string, at: string) =>
      server(name, { accessPolicy: "all-unauthenticated" }, { creationTimestamp: at });
    const outcome = (name: string, at: string) =>
      ask(closed({ servers: [server(), open(name, at)] })).outcome;
    expect(outcome("zzz", "2026-01-01T00:00:00Z")).toBe("allowed");
    expect(outcome("aaa", "2026-01-03T00:00:00Z")).toBe("denied");
    expect(outcome("aaa", "2026-01-02T00:00:00Z")).toBe("allowed");
    expect(outcome("zzz", "2026-01-02T00:00:00Z")).toBe("denied");
  });

  test("names the port of every container that has one of this name, and no port of UDP", () => {
    const containers = [
      { name: "app", ports: [{ name: "http", containerPort: 8080 }] },
      { name: "side", ports: [{ name: "http", containerPort: 9090 }] },
      { name: "linkerd-proxy", ports: [] },
    ];
    const udp = [{ name: "http", containerPort: 8080, protocol: "UDP" }];
    const servers = [server("web", { port: "http" })];
    const pods = (containers: object[]) => [meshedPod("web", { spec: { containers } })];
    expect(ask({ pods: pods(containers), servers }).outcome).toBe("denied");
    expect(ask({ pods: pods(containers), servers }, UNMESHED, GET, { port: 9090 }).outcome).toBe("denied");
    const only = [{ name: "app", ports: udp }, { name: "linkerd-proxy" }];
    expect(ask({ pods: pods(only), servers }).outcome).toBe("allowed");
  });

  test("covers its port alone, in its namespace alone, and external workloads not at all", () => {
    expect(ask(closed(), UNMESHED, GET, { port: 9090 }).outcome).toBe("allowed");
    expect(ask({ servers: [server("web", {}, { namespace: "bi" })] }).outcome).toBe("allowed");
    const spec = { podSelector: undefined, externalWorkloadSelector: {} };
    expect(ask({ servers: [server("web", spec)] }).outcome).toBe("allowed");
  });

  test("that selects by expressions, or everything", () => {
    const selecting = (podSelector: object) => ask({ servers: [server("web", { podSelector })] }).outcome;
    expect(selecting({})).toBe("denied");
    expect(selecting({ matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] })).toBe("denied");
    expect(selecting({ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] })).toBe("allowed");
  });

  test.each(["opaque", "TLS"])("of an %s port decides about connections", (proxyProtocol) => {
    const raw = closed({ servers: [server("web", { proxyProtocol })] });
    expect(ask(raw, WEB, "stream").outcome).toBe("allowed");
    expect(ask(raw, WEB, GET).outcome).toBe("allowed");
    expect(ask(raw, UNMESHED, "stream").outcome).toBe("denied");
  });

  test.each(["HTTP/1", "HTTP/2", "gRPC"])("of a port of %s takes nothing else", (proxyProtocol) => {
    const raw = closed({ servers: [server("web", { proxyProtocol })] });
    expect(ask(raw, WEB, "stream").outcome).toBe("denied");
    expect(ask(raw, WEB, { method: "POST", path: "/shop.Orders/List" }).outcome).toBe("allowed");
  });

  test("of a gRPC port takes calls only", () => {
    expect(ask(closed({ servers: [server("web", { proxyProtocol: "gRPC" })] }), WEB, GET).outcome).toBe(
      "denied",
    );
  });
});

describe("an AuthorizationPolicy", () => {
  const open = (target: object, refs: object[] = []) =>
    ask(closed({ authorizationPolicies: [policy(target, refs)] }));

  test("compares kinds and groups without regard to case, and names of Servers exactly", () => {
    expect(open({ group: "POLICY.linkerd.io", kind: "server", name: "web" }).outcome).toBe("allowed");
    expect(open({ group: "policy.linkerd.io", kind: "Server", name: "WEB" }).outcome).toBe("denied");
    expect(open({ kind: "Server", name: "web" }).outcome).toBe("denied");
  });

  test("of a namespace is one of all its Servers", () => {
    expect(open({ kind: "namespace", name: "whatever" }).outcome).toBe("allowed");
    expect(open({ group: "core", kind: "Namespace", name: "shop" }).outcome).toBe("allowed");
    expect(open({ group: "apps", kind: "Namespace", name: "shop" }).outcome).toBe("denied");
  });

  test("without authentications lets in everybody; with one that is missing or not known, nobody", () => {
    expect(open(TO_SERVER).outcome).toBe("allowed");
    expect(open(TO_SERVER, [needs("MeshTLSAuthentication", "nothing")]).outcome).toBe("denied");
    expect(open(TO_SERVER, [needs("NetworkAuthentication", "nothing")]).outcome).toBe("denied");
    expect(open(TO_SERVER, [needs("Secret", "web")]).outcome).toBe("denied");
  });

  test("asks for identity and network together, also of other namespaces", () => {
    const raw = closed({
      authorizationPolicies: [
        policy(TO_SERVER, [
          needs("meshtlsauthentication", "web"),
          needs("NetworkAuthentication", "near", "nets"),
        ]),
      ],
      networkAuthentications: [
        {
          metadata: { name: "near", namespace: "nets" },
          spec: { networks: [{ cidr: "10.2.0.0/16", except: ["10.2.7.0/24"] }, { cidr: "192.0.2.1" }] },
        },
      ],
    });
    expect(ask(raw, WEB).outcome).toBe("allowed");
    expect(ask(raw, { ...WEB, address: "192.0.2.1" }).outcome).toBe("allowed");
    expect(ask(raw, { ...WEB, address: "10.2.7.1" }).outcome).toBe("denied");
    expect(ask(raw, { address: "10.2.0.9" }).outcome).toBe("denied");
    // Where it is not known from where, it is not known.
    expect(ask(raw, { identity: identity("web") }).outcome).toBe("unknown");
    expect(ask(raw, { identity: identity("batch") }).outcome).toBe("denied");
  });

  test("asks for two identities in vain", () => {
    const twice = [needs("MeshTLSAuthentication", "web"), { kind: "ServiceAccount", name: "web" }];
    expect(ask(closed({ authorizationPolicies: [policy(TO_SERVER, twice)] }), WEB).outcome).toBe("denied");
  });

  test("means ServiceAccounts and namespaces of its own cluster", () => {
    const account = closed({
      authorizationPolicies: [policy(TO_SERVER, [{ kind: "ServiceAccount", name: "web" }])],
    });
    expect(ask(account, WEB).outcome).toBe("allowed");
    expect(ask(account, { ...WEB, identity: identity("web", "shop", "us.example.com") }).outcome).toBe(
      "denied",
    );
    const refs = (identityRefs: object[]) =>
      closed({ meshTlsAuthentications: [mtls("web", [], { identityRefs })] });
    expect(ask(refs([{ kind: "Namespace", name: "shop" }]), WEB).outcome).toBe("allowed");
    expect(ask(refs([{ kind: "ServiceAccount", name: "web" }]), WEB).outcome).toBe("allowed");
    expect(
      ask(
        refs([
          { kind: "ServiceAccount", name: "web" },
          { kind: "Pod", name: "x" },
        ]),
        WEB,
      ).outcome,
    ).toBe("denied");
  });
});

describe("a ServerAuthorization", () => {
  const older = (client: object, ofServer: object = { name: "web" }) => ({
    metadata: meta("older"),
    spec: { server: ofServer, client },
  });
  const outcome = (of: object, client: { identity?: string; address: string } = UNMESHED) =>
    ask({ servers: [server("web", {}, { labels: { tier: "front" } })], serverAuthorizations: [of] }, client)
      .outcome;

  test("finds Servers by name, or by their live labels; with neither, all of them", () => {
    expect(outcome(older({ unauthenticated: true }))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, { selector: { matchLabels: { tier: "front" } } }))).toBe(
      "allowed",
    );
    expect(outcome(older({ unauthenticated: true }, { selector: { matchLabels: { tier: "back" } } }))).toBe(
      "denied",
    );
    expect(outcome(older({ unauthenticated: true }, { selector: {} }))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, {}))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, { name: "other" }))).toBe("denied");
  });

  test("without networks is about those of the cluster, else about its own, without what they except", () => {
    const stranger = { address: "198.51.100.1" };
    expect(outcome(older({ unauthenticated: true }), stranger)).toBe("denied");
    const networks = [{ cidr: "0.0.0.0/0", except: ["198.51.100.0/24"] }];
    expect(outcome(older({ unauthenticated: true, networks }), stranger)).toBe("denied");
    expect(outcome(older({ unauthenticated: true, networks }))).toBe("allowed");
  });

  test("asks for TLS, for identities, or for ServiceAccounts of its namespace", () => {
    expect(outcome(older({ meshTLS: { unauthenticatedTLS: true } }), WEB)).toBe("allowed");
    expect(outcome(older({ meshTLS: { unauthenticatedTLS: true } }))).toBe("denied");
    expect(
      outcome(
        older({ meshTLS: { identities: ["*.shop.serviceaccount.identity.linkerd.cluster.local"] } }),
        WEB,
      ),
    ).toBe("allowed");
    expect(outcome(older({ meshTLS: { serviceAccounts: [{ name: "web" }] } }), WEB)).toBe("allowed");
    expect(outcome(older({ meshTLS: { serviceAccounts: [{ name: "web", namespace: "bi" }] } }), WEB)).toBe(
      "denied",
    );
    expect(outcome(older({ meshTLS: {} }), WEB)).toBe("denied");
    expect(outcome(older({}), WEB)).toBe("denied");
  });
});

describe("routes", () => {
  const route = (name: string, matches: object[], rest: object = {}, metadata: object = {}) => ({
    metadata: meta(name, metadata),
    spec: { parentRefs: [TO_SERVER], rules: [{ matches }], ...rest },
  });
  const TO_ROUTE = { group: "policy.linkerd.io", kind: "HTTPRoute", name: "orders" };
  const orders = [{ path: { type: "PathPrefix", value: "/orders" } }];
  const withRoutes = (routes: object[], rest: Raw = {}) => closed({ policyHttpRoutes: routes, ...rest });
  const BATCH = { ...WEB, identity: identity("batch") };
  const toRoute = (target: object = TO_ROUTE): Raw => ({
    authorizationPolicies: [policy(target, [needs("MeshTLSAuthentication", "batch")])],
    meshTlsAuthentications: [mtls("batch", [identity("batch")])],
  });

  test("take requests from the Server: what none of them takes is answered 404", () => {
    const raw = withRoutes([route("orders", orders)]);
    expect(ask(raw, WEB).outcome).toBe("allowed");
    expect(ask(raw, WEB, { method: "GET", path: "/" }).outcome).toBe("denied");
    expect(ask(raw, WEB, { method: "GET", path: "/orders/7" }).outcome).toBe("allowed");
    expect(ask(raw, WEB, { method: "GET", path: "/orders7" }).outcome).toBe("denied");
  });

  test("let in their own callers besides the Server's, by names compared like kinds", () => {
    const raw = (target?: object) => withRoutes([route("orders", orders)], toRoute(target));
    expect(ask(raw(), BATCH).outcome).toBe("allowed");
    expect(ask(raw({ ...TO_ROUTE, kind: "httproute", name: "ORDERS" }), BATCH).outcome).toBe("allowed");
    expect(ask(raw({ ...TO_ROUTE, group: "gateway.networking.k8s.io" }), BATCH).outcome).toBe("denied");
    expect(ask(raw(), BATCH, { method: "GET", path: "/" }).outcome).toBe("denied");
  });

  test("of the Gateway API are like Linkerd's own", () => {
    const raw = closed({
      gatewayHttpRoutes: [route("orders", orders)],
      ...toRoute({ ...TO_ROUTE, group: "gateway.networking.k8s.io" }),
    });
    expect(ask(raw, BATCH).outcome).toBe("allowed");
  });

  test("the longest path counts, then headers, parameters and a method, then the oldest, then the name", () => {
    const at = (creationTimestamp: string) => ({ creationTimestamp });
    const root = (name: string, metadata: object = {}) =>
      route(name, [{ path: { value: "/" } }], {}, metadata);
    const outcome = (...routes: object[]) => ask(withRoutes(routes, toRoute()), BATCH).outcome;
    expect(outcome(root("any"), route("orders", orders))).toBe("allowed");
    expect(
      outcome(
        route("orders", orders),
        route("zzz", [{ path: { type: "Exact", value: "/orders" } }, { path: { value: "/other" } }]),
      ),
    ).toBe("allowed");
    expect(
      outcome(route("any", [{ path: { value: "/orders" }, method: "GET" }]), route("orders", orders)),
    ).toBe("denied");
    expect(
      outcome(
        route("any", orders, {}, at("2026-01-01T00:00:00Z")),
        route("orders", orders, {}, at("2026-01-02T00:00:00Z")),
      ),
    ).toBe("denied");
    expect(
      outcome(
        route("any", orders, {}, at("2026-01-03T00:00:00Z")),
        route("orders", orders, {}, at("2026-01-02T00:00:00Z")),
      ),
    ).toBe("allowed");
    expect(outcome(route("any", orders), route("orders", orders))).toBe("denied");
    expect(outcome(route("zzz", orders), route("orders", orders))).toBe("allowed");
  });

  test("that ask for headers or hosts make it unknown, unless the request tells them", () => {
    const headers = [{ name: "X-Team", value: "batch" }];
    const raw = withRoutes(
      [route("any", [{ path: { value: "/" } }]), route("orders", [{ path: { value: "/orders" }, headers }])],
      toRoute(),
    );
    expect(ask(raw, BATCH).outcome).toBe("unknown");
    expect(ask(raw, BATCH, { ...GET, headers: { "x-team": "batch" } } as Request).outcome).toBe("allowed");
    expect(ask(raw, BATCH, { ...GET, headers: {} } as Request).outcome).toBe("denied");
    const hosts = withRoutes([route("orders", orders, { hostnames: ["*.example.com"] })], toRoute());
    expect(ask(hosts, BATCH).outcome).toBe("unknown");
    expect(ask(hosts, BATCH, { ...GET, host: "a.example.com" } as Request).outcome).toBe("allowed");
    expect(ask(hosts, BATCH, { ...GET, host: "example.com" } as Request).outcome).toBe("denied");
  });

  test("count only where they are accepted, have valid parents and no filter that a proxy lacks", () => {
    const outcome = (rest: object, more: object = {}) =>
      ask(withRoutes([{ ...route("orders", orders, rest), ...more }], toRoute()), BATCH).outcome;
    const of = (status: string, controllerName = "linkerd.io/policy-controller") => ({
      status: {
        parents: [
          {
            controllerName,
            parentRef: { kind: "Server", name: "web" },
            conditions: [{ type: "Accepted", status }],
          },
        ],
      },
    });
    expect(outcome({}, of("True"))).toBe("allowed");
    expect(outcome({}, of("False"))).toBe("denied");
    expect(outcome({}, of("False", "example.com/other"))).toBe("allowed");
    expect(outcome({ parentRefs: [{ ...TO_SERVER, namespace: "bi" }] })).toBe("denied");
    expect(outcome({ parentRefs: [{ ...TO_SERVER, port: 8080 }] })).toBe("denied");
    expect(outcome({ parentRefs: [{ group: "policy.linkerd.io", name: "web" }] })).toBe("denied");
    expect(outcome({ parentRefs: [{ ...TO_SERVER, kind: "server" }] })).toBe("allowed");
    expect(outcome({ rules: [{ matches: orders, filters: [{ type: "URLRewrite" }] }] })).toBe("denied");
    expect(outcome({ rules: [{ matches: orders, filters: [{ type: "RequestRedirect" }] }] })).toBe("denied");
  });

  test("of gRPC take calls, and take the Server from HTTPRoutes", () => {
    const TO_CALLS = { group: "gateway.networking.k8s.io", kind: "GRPCRoute", name: "calls" };
    const raw = closed({
      servers: [server("web", { proxyProtocol: "gRPC" })],
      grpcRoutes: [route("calls", [{ method: { service: "shop.Orders", method: "List" } }])],
      ...toRoute(TO_CALLS),
    });
    expect(ask(raw, BATCH, { method: "POST", path: "/shop.Orders/List" }).outcome).toBe("allowed");
    expect(ask(raw, BATCH, { method: "POST", path: "/shop.Orders/Delete" }).outcome).toBe("denied");
    expect(ask(raw, BATCH, { method: "GET", path: "/shop.Orders/List" }).outcome).toBe("denied");
    const both = closed({
      policyHttpRoutes: [route("orders", orders)],
      grpcRoutes: [route("calls", [])],
      ...toRoute(),
    });
    expect(ask(both, BATCH).outcome).toBe("denied");
  });

  test("only those of the server's port are asked about bytes that are no request: none", () => {
    const raw = withRoutes([route("orders", orders)], toRoute());
    expect(ask(raw, BATCH, "stream").outcome).toBe("denied");
  });
});

describe("probes", () => {
  const probed = [
    meshedPod("web", {
      spec: {
        containers: [
          {
            name: "app",
            ports: [{ name: "http", containerPort: 8080 }],
            readinessProbe: { httpGet: { port: "HTTP", path: "/ready?full" } },
            livenessProbe: { httpGet: { port: 9090, path: "/live" } },
          },
          { name: "linkerd-proxy" },
        ],
      },
    }),
  ];
  const READY: Request = { method: "GET", path: "/ready" };

  test("are let in by themselves, as GET of their paths at their ports", () => {
    expect(ask(closed({ pods: probed }), UNMESHED, READY).by).toContain("default authorization of probes");
    expect(ask(closed({ pods: probed }), UNMESHED, { ...READY, method: "POST" }).outcome).toBe("denied");
    expect(ask(closed({ pods: probed }), UNMESHED, { ...READY, path: "/live" }).outcome).toBe("denied");
  });

  test("only from the probe networks, and only where there is no other route", () => {
    const mesh = { probeNetworks: ["192.168.0.0/24"] };
    expect(ask(closed({ pods: probed }), UNMESHED, READY, { mesh }).outcome).toBe("denied");
    const routes = [{ metadata: meta("r"), spec: { parentRefs: [TO_SERVER], rules: [{ matches: [] }] } }];
    expect(ask(closed({ pods: probed, policyHttpRoutes: routes }), UNMESHED, READY).outcome).toBe("denied");
  });
});

describe("a pod whose proxy sees nothing", () => {
  const denied = closed();
  const withPod = (pod: Parameters<typeof meshedPod>[1]) => ask({ ...denied, pods: [meshedPod("web", pod)] });

  test.each<[string, Parameters<typeof meshedPod>[1]]>([
    ["because it has none", { spec: { containers: [{ name: "app" }] } }],
    ["because it is in the host's network", { spec: { hostNetwork: true } }],
    [
      "because its port is skipped",
      {
        metadata: {
          labels: { app: "web" },
          annotations: { "config.linkerd.io/skip-inbound-ports": "1-9000" },
        },
      },
    ],
    [
      "because its port was skipped when it started",
      {
        spec: {
          containers: [{ name: "linkerd-proxy" }],
          initContainers: [{ name: "linkerd-init", args: ["--inbound-ports-to-ignore", "4190,4191,8080"] }],
        },
      },
    ],
    [
      "because the caller's subnet is skipped",
      {
        spec: {
          containers: [{ name: "linkerd-proxy" }],
          initContainers: [{ name: "linkerd-init", args: ["--subnets-to-ignore", "10.2.0.0/16"] }],
        },
      },
    ],
  ])("lets in everybody: %s", (_, pod) => {
    expect(withPod(pod).outcome).toBe("allowed");
  });

  test("is told by what it was started with, not by annotations of today", () => {
    const started = {
      containers: [{ name: "linkerd-proxy" }],
      initContainers: [{ name: "linkerd-init", args: ["--inbound-ports-to-ignore", "4190,4191"] }],
    };
    const annotations = { "config.linkerd.io/skip-inbound-ports": "8080" };
    expect(withPod({ spec: started, metadata: { labels: { app: "web" }, annotations } }).outcome).toBe(
      "denied",
    );
  });
});

describe("a gateway", () => {
  const GATEWAY = identity("linkerd-gateway", "linkerd-multicluster");
  const gateway = (annotations: object = {}, env: object[] = []) =>
    meshedPod("linkerd-gateway", {
      metadata: {
        namespace: "linkerd-multicluster",
        annotations: {
          "config.linkerd.io/enable-gateway": "true",
          "config.linkerd.io/default-inbound-policy": "all-authenticated",
          ...annotations,
        },
      },
      spec: {
        serviceAccountName: "linkerd-gateway",
        containers: [{ name: "linkerd-proxy", ports: [{ name: "linkerd-proxy", containerPort: 4143 }], env }],
      },
      status: { podIP: "10.1.0.99" },
    });
  const service = {
    metadata: meta("web"),
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  };
  function through(
    raw: Raw,
    client: { identity?: string; address?: string } = WEB,
    port: number | string = 8080,
  ) {
    const cluster = clusterOf({ pods: [meshedPod("web"), gateway()], services: [service], ...raw });
    const [found] = cluster.in("shop").services;
    if (!found) throw new Error("no Service");
    return reachThroughGateway(cluster, found, port, client, GET).pods.map(({ verdict }) => verdict.outcome);
  }

  test("forwards to every Service by default, and its pods see the gateway", () => {
    expect(through({})).toEqual(["allowed"]);
    expect(through(closed())).toEqual(["denied"]);
    expect(through(closed({ meshTlsAuthentications: [mtls("web", [GATEWAY])] }))).toEqual(["allowed"]);
    expect(through({}, UNMESHED)).toEqual(["denied"]);
    expect(through({}, { ...WEB, identity: GATEWAY })).toEqual(["denied"]);
  });

  test("stands in the pod network of the cluster's own callers", () => {
    const networkAuthentications = [{ metadata: meta("own"), spec: { networks: [{ cidr: "10.1.0.0/16" }] } }];
    const own = [policy(TO_SERVER, [needs("NetworkAuthentication", "own")])];
    expect(through(closed({ networkAuthentications, authorizationPolicies: own }))).toEqual(["allowed"]);
  });

  test("reaches ports that the Service has", () => {
    expect(through({}, WEB, "http")).toEqual(["allowed"]);
    expect(through({}, WEB, 9090)).toEqual(["denied"]);
  });

  test.each([
    ["reports.bi.svc.cluster.local.", "denied"],
    ["web.shop.svc.cluster.local.", "allowed"],
    ["web.shop.svc.cluster.local", "allowed"],
    ["b.shop.svc.cluster.local", "denied"],
    ["shop.svc.cluster.local, bi.svc.cluster.local", "allowed"],
    [".", "allowed"],
  ])("forwards to what ends in one of its suffixes: %s", (value, outcome) => {
    const name = "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES";
    const annotations = { "config.linkerd.io/proxy-additional-env": JSON.stringify([{ name, value }]) };
    expect(through({ pods: [meshedPod("web"), gateway(annotations)] })).toEqual([outcome]);
    const env = [
      { name, value: "svc.cluster.local." },
      { name, value },
    ];
    expect(through({ pods: [meshedPod("web"), gateway({}, env)] })).toEqual([outcome]);
    expect(through({ pods: [meshedPod("web"), gateway(annotations, env.slice(0, 1))] })).toEqual(["allowed"]);
  });

  test("takes whom its own policies let in", () => {
    const closedGateway = {
      servers: [
        {
          metadata: { name: "linkerd-gateway", namespace: "linkerd-multicluster" },
          spec: {
            podSelector: { matchLabels: { app: "linkerd-gateway" } },
            port: "linkerd-proxy",
            accessPolicy: "deny",
          },
        },
      ],
    };
    expect(through(closedGateway)).toEqual(["denied"]);
  });
});

describe("what the rules are made of", () => {
  test("identities", () => {
    const web = identity("web");
    expect(matchesIdentity("*", web)).toBe(true);
    expect(matchesIdentity("*.cluster.local", web)).toBe(true);
    expect(matchesIdentity("*.local", web)).toBe(true);
    expect(matchesIdentity("*.shop", web)).toBe(false);
    expect(matchesIdentity("*.ter.local", web)).toBe(false);
    expect(matchesIdentity("web.*", web)).toBe(false);
    expect(matchesIdentity("*", "spiffe://root/web")).toBe(false);
    expect(matchesIdentity("spiffe://root/web", "spiffe://root/web")).toBe(true);
  });

  test("lists of ports: one mistake and there is none", () => {
    expect(portsOf("80, 8000-8010")).toEqual([
      { from: 80, to: 80 },
      { from: 8000, to: 8010 },
    ]);
    for (const wrong of ["0", "80,http", "2-1", "2-", "65537", "1-2-3"]) expect(portsOf(wrong)).toEqual([]);
    expect(portsOf(undefined)).toEqual([]);
  });

  test("expressions of selectors that say too little or too much hold for nothing", () => {
    const of = (operator: string, values?: string[]) => {
      const parsed = shapes.server.parse(
        server("x", {
          podSelector: { matchExpressions: [{ key: "app", operator, ...(values && { values }) }] },
        }),
      ).spec.podSelector;
      return parsed ? selects(parsed, { app: "web" }) : undefined;
    };
    expect(of("In")).toBe(false);
    expect(of("Exists", ["web"])).toBe(false);
    expect(of("exists")).toBe(false);
    expect(of("NotIn", ["api"])).toBe(true);
    expect(of("Exists")).toBe(true);
  });

  const octet = fc.nat({ max: 255 });
  const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join("."));
  const group = fc.nat({ max: 0xffff }).map((n) => n.toString(16));
  const v6 = fc
    .tuple(fc.constant("fd00"), group, group, group)
    .map((parts) => `${parts.slice(0, 2).join(":")}::${parts.slice(2).join(":")}`);
  const cidr = fc.oneof(
    fc.tuple(v4, fc.nat({ max: 32 })).map(([base, bits]) => `${base}/${bits}`),
    fc.tuple(v6, fc.nat({ max: 128 })).map(([base, bits]) => `${base}/${bits}`),
    v4,
  );

  test("the addresses that stand for all do", () => {
    const networks = fc.array(fc.record({ cidr, except: fc.array(cidr, { maxLength: 3 }) }), {
      maxLength: 3,
    });
    const authorization = networks.map((networks) => ({ name: "a", networks, clients: "anybody" as const }));
    fc.assert(
      fc.property(fc.array(authorization, { maxLength: 3 }), fc.oneof(v4, v6), (authorizations, address) => {
        const said = (address: string) => authorizations.map((one) => isAuthorized(one, { address })).join();
        expect(addressesOf(authorizations).map(said)).toContain(said(address));
      }),
    );
  });

  test("a network holds its first and last address, and none of the other family", () => {
    expect(lies("10.255.255.255", "10.0.0.0/8")).toBe(true);
    expect(lies("11.0.0.0", "10.0.0.0/8")).toBe(false);
    expect(lies("fd00::1", "0.0.0.0/0")).toBe(false);
    expect(lies("10.0.0.1", "10.0.0.1")).toBe(true);
    expect(lies("10.0.0.1", "nonsense")).toBe(false);
  });

  test("which Server counts is told, and which do not", () => {
    const cluster = clusterOf({ pods: [meshedPod("web")], servers: [server("b"), server("a")] });
    const [pod] = cluster.pods;
    if (!pod) throw new Error("no pod");
    const { name, shadowed } = portPolicy(cluster, pod, 8080);
    expect(name).toBe("Server shop/a");
    expect(shadowed.map(({ metadata }) => metadata.name)).toEqual(["b"]);
  });
});
