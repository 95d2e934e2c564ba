import { describe, expect, test } from "vitest";
import { addressesOf, lies } from "../../../fleet/effective/clients";
import type { Request } from "../../../fleet/effective/inbound";
import { proxied } from "../../../fleet/effective/injected";
import { portsOf, probePaths } from "../../../fleet/effective/ports";
import { servicePorts } from "../../../fleet/effective/reach";
import { requestsOf, requestWords } from "../../../fleet/effective/requests";
import { portPolicy } from "../../../fleet/effective/servers";
import * as shapes from "../../../fleet/effective/shapes";
import { clusterOf, identity, meshedPod } from "../../../testing/effective";
import { ask, closed, GET, meta, mtls, needs, policy, server, TO_SERVER, UNMESHED, WEB } from "./requests";

const route = (rule: object, rest: object = {}, metadata: object = {}) => ({
  metadata: meta("planted", metadata),
  spec: { parentRefs: [TO_SERVER], rules: [rule], ...rest },
});
const BATCH = { ...WEB, identity: identity("batch") };
/** Lets in `batch` at the planted route. */
const toRoute = (kind = "HTTPRoute", group = "policy.linkerd.io") => ({
  authorizationPolicies: [
    policy(TO_SERVER, [needs("MeshTLSAuthentication", "web")]),
    policy({ group, kind, name: "planted" }, [needs("MeshTLSAuthentication", "batch")], "planted"),
  ],
  meshTlsAuthentications: [mtls("web", [identity("web")]), mtls("batch", [identity("batch")])],
});

describe("networks", () => {
  const near = (cidr: string, except: string[] = []) =>
    closed({
      authorizationPolicies: [policy(TO_SERVER, [needs("NetworkAuthentication", "near")])],
      networkAuthentications: [{ metadata: meta("near"), spec: { networks: [{ cidr, except }] } }],
    });

  test.each(["10.0.0.0/x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "0x0a.0.0.0/8", "fe80::1%eth0/64"])(
    "that Linkerd cannot read are none, and so is the object that has one: %s",
    (cidr) => {
      expect(ask(near(cidr)).outcome).toBe("denied");
      expect(ask(near("10.0.0.0/8", [cidr])).outcome).toBe("denied");
      const client = { unauthenticated: true, networks: [{ cidr: "0.0.0.0/0" }, { cidr }] };
      const older = { metadata: meta("older"), spec: { server: { name: "web" }, client } };
      expect(ask({ servers: [server()], serverAuthorizations: [older] }).outcome).toBe("denied");
    },
  );

  test("of IPv6 may end in an address of IPv4, and hold none of IPv4", () => {
    expect(lies("::ffff:a02:9", "::ffff:10.0.0.0/104")).toBe(true);
    expect(lies("10.2.0.9", "::ffff:10.0.0.0/104")).toBe(false);
    const networks = [{ cidr: "::ffff:10.0.0.0/104", except: [] }];
    expect(addressesOf([{ name: "a", clients: "anybody", networks }])).toContain("0:0:0:0:0:ffff:a00:0");
    expect(ask(near("::ffff:0:0/96")).outcome).toBe("denied");
  });
});

describe("words that every object has", () => {
  test("are labels and policies like others", () => {
    for (const key of ["constructor", "toString"]) {
      const podSelector = { matchExpressions: [{ key, operator: "DoesNotExist" }] };
      expect(ask({ servers: [server("web", { podSelector })] }).outcome).toBe("denied");
      const exists = { matchExpressions: [{ key, operator: "Exists" }] };
      expect(ask({ servers: [server("web", { podSelector: exists })] }).outcome).toBe("allowed");
      expect(ask({ servers: [server("web", { accessPolicy: key })] }).outcome).toBe("denied");
    }
  });
});

describe("TLS without an identity", () => {
  const older = {
    metadata: meta("older"),
    spec: { server: { name: "web" }, client: { meshTLS: { unauthenticatedTLS: true } } },
  };

  test("is everybody's, but at an opaque port, where no proxy looks for it", () => {
    const at = (proxyProtocol: string) =>
      ask({ servers: [server("web", { proxyProtocol })], serverAuthorizations: [older] }, UNMESHED, "stream")
        .outcome;
    expect(at("unknown")).toBe("allowed");
    expect(at("TLS")).toBe("allowed");
    expect(at("opaque")).toBe("denied");
  });
});

describe("a Server whose protocol Linkerd does not know", () => {
  test("is none", () => {
    expect(ask({ servers: [server("web", { proxyProtocol: "http" })] }).outcome).toBe("allowed");
  });
});

describe("an HTTPRoute", () => {
  const outcome = (rule: object, request: Request = GET) =>
    ask(closed({ policyHttpRoutes: [route(rule)], ...toRoute() }), BATCH, request).outcome;

  test("with a match that Linkerd cannot read is none", () => {
    const raw = (match: object) => closed({ policyHttpRoutes: [route({ matches: [match] })] });
    const path = (type: string, value: string) => ({ path: { type, value } });
    // With one that it reads, requests that it does not take are answered 404.
    expect(ask(raw(path("Exact", "/other")), WEB).outcome).toBe("denied");
    expect(ask(raw(path("Exact", "other")), WEB).outcome).toBe("allowed");
    expect(ask(raw(path("RegularExpression", "/(?!orders).*")), WEB).outcome).toBe("allowed");
    expect(
      ask(raw({ headers: [{ name: "x", type: "RegularExpression", value: "(a)\\1" }] }), WEB).outcome,
    ).toBe("allowed");
  });

  test("of an expression that JavaScript reads otherwise is not known", () => {
    const of = (value: string) => outcome({ matches: [{ path: { type: "RegularExpression", value } }] });
    expect(of("/orders")).toBe("allowed");
    expect(of("/[a-z]+")).toBe("allowed");
    expect(of("/order")).toBe("denied");
    for (const other of ["\\A/orders\\z", "/[[:alpha:]]+", "/\\pL+", "/[a-z&&[^x]]+", "(?i)/ORDERS"])
      expect(of(other)).toBe("unknown");
  });

  test("that redirects lets pass what is already for where it redirects to", () => {
    const to = (requestRedirect: object) =>
      outcome({ matches: [], filters: [{ type: "RequestRedirect", requestRedirect }] });
    expect(to({ statusCode: 302 })).toBe("allowed");
    expect(to({ hostname: "example.com" })).toBe("unknown");
    expect(to({ path: { type: "ReplaceFullPath", replaceFullPath: "/elsewhere" } })).toBe("denied");
    expect(to({ path: { type: "ReplaceFullPath", replaceFullPath: "/orders" } })).not.toBe("denied");
  });

  test("gives way to a GRPCRoute of another namespace, which is named", () => {
    const parentRefs = [{ ...TO_SERVER, namespace: "shop", port: 8080 }];
    const raw = closed({
      policyHttpRoutes: [route({ matches: [] })],
      grpcRoutes: [{ metadata: { name: "calls", namespace: "evil" }, spec: { parentRefs, rules: [] } }],
      ...toRoute(),
    });
    const verdict = ask(raw, BATCH);
    expect(verdict.outcome).toBe("denied");
    expect(verdict.by.join()).toContain("GRPCRoute evil/calls");
  });
});

describe("a GRPCRoute", () => {
  const CALL: Request = { method: "POST", path: "/shop.Orders/List" };
  const raw = (match: object) =>
    closed({
      servers: [server("web", { proxyProtocol: "gRPC" })],
      grpcRoutes: [route({ matches: [match] })],
      ...toRoute("GRPCRoute", "gateway.networking.k8s.io"),
    });

  test("with a match without a method closes its Server to everybody", () => {
    expect(ask(raw({ headers: [{ name: "x", value: "y" }] }), WEB, CALL)).toEqual(
      expect.objectContaining({
        outcome: "denied",
        by: ["Server shop/web", "GRPCRoute shop/planted"],
      }),
    );
    expect(ask(raw({ method: {} }), WEB, CALL).outcome).toBe("allowed");
  });

  test("with an expression is none", () => {
    const method = { type: "RegularExpression", service: "other.*" };
    expect(ask(raw({ method }), WEB, CALL).outcome).toBe("allowed");
    expect(ask(raw({ method }), BATCH, CALL).outcome).toBe("denied");
  });
});

describe("the requests that are asked about", () => {
  const of = (rule: object, rest: object = {}) => {
    const cluster = clusterOf(
      closed({ pods: [meshedPod("web")], policyHttpRoutes: [route(rule, rest)], ...toRoute() }),
    );
    const [pod] = cluster.pods;
    if (!pod) throw new Error("no pod");
    const requests = requestsOf(undefined, [portPolicy(cluster, pod, 8080)]);
    const raw = closed({ policyHttpRoutes: [route(rule, rest)], ...toRoute() });
    return requests.map((request) => `${requestWords(request)}: ${ask(raw, BATCH, request).outcome}`);
  };

  test.each<[string, object, object, string]>([
    [
      "an expression",
      { matches: [{ path: { type: "RegularExpression", value: "/adm.n/[0-9]+" } }] },
      {},
      "GET of paths that /adm.n/[0-9]+ takes: allowed",
    ],
    [
      "a header",
      { matches: [{ headers: [{ name: "x-key", value: "open" }] }] },
      {},
      "GET / with x-key=open: allowed",
    ],
    [
      "a parameter",
      { matches: [{ queryParams: [{ name: "key", value: "open" }] }] },
      {},
      "GET / with key=open: allowed",
    ],
    ["a host", { matches: [] }, { hostnames: ["open.example"] }, "GET / to open.example: allowed"],
  ])("include those of a route that asks for %s", (_, rule, rest, wanted) => {
    const found = of(rule, rest);
    expect(found).toContain(wanted);
    // The others have nothing of it, so that they are decided.
    expect(found.filter((one) => one.endsWith("unknown"))).toEqual([]);
  });
});

describe("a proxy with settings of its pod's owner", () => {
  const name = "LINKERD2_PROXY_POLICY_SVC_ADDR";
  const withProxy = (proxy: object, annotations: object = {}) =>
    ask(
      closed({
        pods: [
          meshedPod("web", {
            metadata: { labels: { app: "web" }, annotations },
            spec: { containers: [{ name: "app" }, { name: "linkerd-proxy", ...proxy }] },
          }),
        ],
      }),
    );
  const policySvc = { name, value: "linkerd-policy.linkerd.svc.cluster.local.:8090" };
  const added = (of: string) => ({
    "config.linkerd.io/proxy-additional-env": JSON.stringify([{ name: of, value: "evil.:8090" }]),
  });

  test("is not known to follow Linkerd's policies", () => {
    expect(withProxy({ env: [policySvc] }).outcome).toBe("denied");
    expect(withProxy({ env: [policySvc, { name, value: "evil.:8090" }] })).toEqual({
      outcome: "unknown",
      why: `its proxy was started with another ${name}`,
      by: ["Pod shop/web"],
    });
    expect(withProxy({}, added(name)).outcome).toBe("unknown");
    expect(withProxy({}, added("LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS")).outcome).toBe("unknown");
    expect(withProxy({}, added("LINKERD2_PROXY_LOG")).outcome).toBe("denied");
  });
});

describe("a pod", () => {
  const shaped = (containers: object[]) => shapes.pod.parse(meshedPod("web", { spec: { containers } }));

  test("is led to at the first port of a name", () => {
    const named = (containerPort: number) => ({
      name: `c${containerPort}`,
      ports: [{ name: "http", containerPort }],
    });
    const service = shapes.service.parse({
      metadata: meta("web"),
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    });
    expect(servicePorts(service, [shaped([named(8080), named(9090)])])).toEqual([8080]);
  });

  test("has the paths of its probes, also as part of an address", () => {
    const probe = (path: string) => ({ httpGet: { port: 8080, path } });
    const pod = shaped([
      { name: "app", livenessProbe: probe("http://web/live?x"), readinessProbe: probe("/ready#x") },
    ]);
    expect(probePaths(pod, 8080)).toEqual(["/live", "/ready"]);
  });

  test("gets a proxy as the injector decides", () => {
    const asks = (ofNamespace: string | undefined, own: string | undefined) => {
      const inject = (value: string | undefined) =>
        value === undefined ? {} : { "linkerd.io/inject": value };
      const pod = shapes.pod.parse({
        metadata: { name: "a", namespace: "shop", annotations: inject(own) },
        spec: { containers: [] },
      });
      const namespace = shapes.namespace.parse({
        metadata: { name: "shop", annotations: inject(ofNamespace) },
      });
      return (proxied([pod], [namespace])[0]?.spec.containers.length ?? 0) > 0;
    };
    expect(asks("enabled", undefined)).toBe(true);
    expect(asks("enabled", "")).toBe(true);
    expect(asks("enabled", "disabled")).toBe(false);
    expect(asks("disabled", "enabled")).toBe(true);
    expect(asks("yes", "enabled")).toBe(false);
    expect(asks("enabled", "true")).toBe(false);
  });

  test("lists ports as Rust and Go read them", () => {
    expect(portsOf("+80,0000090")).toEqual([
      { from: 80, to: 80 },
      { from: 90, to: 90 },
    ]);
  });
});
