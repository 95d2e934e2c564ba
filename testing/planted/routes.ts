import { BY_POLICY, closes, lets, made, type Planted, POLICY, ref, toServer } from "./objects";

const route = made(`${POLICY}/v1beta3`, "HTTPRoute");
const gatewayRoute = made("gateway.networking.k8s.io/v1", "HTTPRoute");
const grpcRoute = made("gateway.networking.k8s.io/v1", "GRPCRoute");
const parentRefs = [toServer];
const matching = (value: string, more: object = {}) => ({
  parentRefs,
  rules: [{ matches: [{ path: { type: "Exact", value }, ...more }] }],
});

export const ROUTES: readonly Planted[] = [
  {
    what: "a route that takes declared requests",
    create: [route(matching("/jobs/urgent", { method: "POST" }))],
    found: closes("HTTPRoute shop/planted"),
  },
  {
    what: "a route of the other group that takes a probe",
    create: [gatewayRoute(matching("/ready/", { method: "GET" }))],
    found: { harmless: "another path than the probe's, as it is sent" },
  },
  {
    what: "a route, and a policy for it",
    create: [
      gatewayRoute(matching("/public")),
      lets({ group: "gateway.networking.k8s.io", kind: "httproute", name: "planted" }),
    ],
    found: BY_POLICY,
  },
  {
    what: "a GRPCRoute, which takes the Server from our routes",
    create: [grpcRoute({ parentRefs, rules: [{}] })],
    found: closes("GRPCRoute shop/planted"),
  },
  {
    what: "a route of another Server",
    create: [route({ ...matching("/jobs/urgent"), parentRefs: [ref("Server", "other")] })],
    found: { harmless: "it is about nothing of ours" },
  },
];
