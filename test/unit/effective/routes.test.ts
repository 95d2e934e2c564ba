import { describe, expect, test } from "vitest";
import type { Request } from "../../../fleet/effective/inbound";
import { identity, meshedPod, type Raw } from "../../../testing/effective";
import { ask, closed, GET, meta, mtls, needs, policy, server, TO_SERVER, UNMESHED, WEB } from "./requests";

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
