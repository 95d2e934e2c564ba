import { nameOf, routeAuthorizations } from "./authorizations";
import type { Authorization } from "./clients";
import type { Cluster } from "./cluster";
import { matchGrpc, matchHttp } from "./matches";
import { isReadableGrpc, isReadableHttp } from "./readable";
import { grpcSamples, httpSamples, type RouteRule, ruleOf } from "./rules";
import { GATEWAY_API_GROUP, POLICY_GROUP, targetsKind } from "./selectors";
import type { GrpcRoute, HttpMatch, HttpRoute, Server } from "./shapes";

/** A route from which a proxy chooses for each request, in the order in which it prefers equals. */
export interface Route {
  /** For people, for example `HTTPRoute shop/orders`; a proxy's own has the name that its metrics say. */
  readonly name: string;
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
  /** Besides those of the Server. */
  readonly authorizations: readonly Authorization[];
}

type Live = HttpRoute | GrpcRoute;
type Kind = { readonly group: string; readonly kind: "HTTPRoute" | "GRPCRoute" };

/** The routes of HTTP requests to a Server; linkerd2 `inbound/index.rs`, `http_routes`. */
export function httpRoutes(cluster: Cluster, server: Server, probes: readonly string[]): Route[] {
  const own = cluster.in(server.metadata.namespace);
  // One GRPCRoute takes the Server from all HTTPRoutes, also one of another namespace, and one that counts for nothing
  // else (linkerd2 `policy-controller/k8s/status/src/index.rs`, `parent_has_conflicting_routes`).
  const conflict = cluster.grpcRoutes.find((route) =>
    parentsOf(route).some(
      ({ name, namespace }) =>
        name === server.metadata.name &&
        (namespace ?? route.metadata.namespace) === server.metadata.namespace,
    ),
  );
  const found = [
    ...accepted(
      own.policyHttpRoutes.filter(isReadableHttp),
      { group: POLICY_GROUP, kind: "HTTPRoute" },
      server,
      conflict === undefined,
    ),
    ...accepted(
      own.gatewayHttpRoutes.filter(isReadableHttp),
      { group: GATEWAY_API_GROUP, kind: "HTTPRoute" },
      server,
      conflict === undefined,
    ),
  ];
  if (found.length === 0) {
    const instead = conflict ? [`GRPCRoute ${nameOf(conflict.metadata)}`] : [];
    return defaultHttpRoutes(cluster, probes).map((route) => ({
      ...route,
      name: [route.name, ...instead].join(" because of "),
    }));
  }
  return inOrder(found).map(({ kind, route }) =>
    routeOf(
      cluster,
      kind,
      route,
      route.spec.rules.map(({ matches, filters }) => ruleOf(matches, filters, matchHttp, httpSamples)),
    ),
  );
}

/** The routes of gRPC requests to a Server; linkerd2 `inbound/index.rs`, `grpc_routes`. */
export function grpcRoutes(cluster: Cluster, server: Server): Route[] {
  const found = accepted(
    cluster.in(server.metadata.namespace).grpcRoutes.filter(isReadableGrpc),
    { group: GATEWAY_API_GROUP, kind: "GRPCRoute" },
    server,
    true,
  );
  if (found.length === 0) {
    const everything = { method: {}, headers: [] };
    return [
      {
        name: "default route",
        hostnames: [],
        rules: [ruleOf([everything], [], matchGrpc, grpcSamples)],
        authorizations: [],
      },
    ];
  }
  return inOrder(found).map(({ kind, route }) =>
    routeOf(
      cluster,
      kind,
      route,
      route.spec.rules.map(({ matches, filters }) => ruleOf(matches, filters, matchGrpc, grpcSamples)),
    ),
  );
}

/**
 * A GRPCRoute that a proxy cannot read, and with it the whole Server: a match that names no method (linkerd2-proxy
 * `http/route/src/grpc/match.rs`, `MissingRpc`, and `app/inbound/src/policy/api.rs`).
 */
export function unreadableRoute(cluster: Cluster, server: Server): string | undefined {
  const kind = { group: GATEWAY_API_GROUP, kind: "GRPCRoute" } as const;
  const own = cluster.in(server.metadata.namespace).grpcRoutes.filter(isReadableGrpc);
  const found = accepted(own, kind, server, true).find(({ route }) =>
    route.spec.rules.some(({ matches }) => matches.some(({ method }) => method == null)),
  );
  return found && `GRPCRoute ${nameOf(found.route.metadata)}`;
}

/**
 * Where nobody made a route: everything, and the probes of the pod; linkerd2 `inbound/index.rs`,
 * `default_inbound_http_routes`.
 */
export function defaultHttpRoutes({ mesh }: Cluster, probes: readonly string[]): Route[] {
  const rule = (matches: readonly HttpMatch[]) => ruleOf(matches, [], matchHttp, httpSamples);
  const everything = {
    name: "default route",
    hostnames: [],
    rules: [rule([{ path: { value: "/" }, headers: [], queryParams: [] }])],
    authorizations: [],
  };
  if (probes.length === 0 || mesh.probeNetworks.length === 0) return [everything];
  const networks = mesh.probeNetworks.map((cidr) => ({ cidr, except: [] }));
  return [
    everything,
    {
      name: "probe route",
      hostnames: [],
      rules: [
        rule(
          probes.map((value) => ({
            path: { type: "Exact", value },
            method: "GET",
            headers: [],
            queryParams: [],
          })),
        ),
      ],
      authorizations: [{ name: PROBE, networks, clients: "anybody" }],
    },
  ];
}

/** Name of Linkerd's own authorization of probes. */
export const PROBE = "default authorization of probes";

interface Bound<R extends Live = Live> {
  readonly kind: Kind;
  readonly route: R;
}

function accepted<R extends Live>(
  routes: readonly R[],
  kind: Kind,
  server: Server,
  otherwise: boolean,
): Bound<R>[] {
  return routes
    .filter((route) => isParent(server, route) && isAccepted(route, server, otherwise))
    .map((route) => ({ kind, route }));
}

function parentsOf({ spec }: Pick<Live, "spec">): Live["spec"]["parentRefs"] {
  return spec.parentRefs.filter(
    (parent) => targetsKind(parent, POLICY_GROUP, "Server") && parent.name !== "",
  );
}

/** linkerd2 `inbound/routes.rs`, `from_http_parent_ref`. */
function isParent({ metadata }: Server, { metadata: of, spec }: Live): boolean {
  const servers = parentsOf({ spec });
  // With one reference that it may not have, the route has none.
  const valid = servers.every(
    ({ namespace, port, sectionName }) =>
      (namespace == null || namespace === of.namespace) && port == null && sectionName == null,
  );
  return valid && servers.some(({ name }) => name === metadata.name);
}

/**
 * The status that the policy controller wrote or, if it has written none yet, will write: linkerd2
 * `policy-controller/k8s/status/src/index.rs`, `parent_condition_server`.
 */
function isAccepted({ status }: Live, { metadata }: Server, otherwise: boolean): boolean {
  const written = status?.parents.filter(
    ({ controllerName, parentRef }) =>
      controllerName === "linkerd.io/policy-controller" &&
      parentRef.kind === "Server" &&
      parentRef.name === metadata.name,
  );
  if (!written || written.length === 0) return otherwise;
  return written.some(({ conditions }) =>
    conditions.some(({ type, status }) => type === "Accepted" && status === "True"),
  );
}

/**
 * The oldest, then by name, group and kind; those without an age last. linkerd2
 * `policy-controller/grpc/src/inbound/http.rs`.
 */
function inOrder<B extends Bound>(routes: readonly B[]): B[] {
  const key = ({ kind, route }: Bound) => [
    route.metadata.creationTimestamp ?? "~",
    route.metadata.name,
    kind.group,
    kind.kind,
  ];
  return [...routes].sort((one, other) => inBytes(key(one), key(other)));
}

export function inBytes(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((part, at) => part !== other[at]);
  return at < 0 ? 0 : (one[at] ?? "") < (other[at] ?? "") ? -1 : 1;
}

function routeOf(cluster: Cluster, kind: Kind, { metadata, spec }: Live, rules: RouteRule[]): Route {
  return {
    name: `${kind.kind} ${nameOf(metadata)}`,
    hostnames: spec.hostnames,
    rules,
    authorizations: routeAuthorizations(cluster, metadata.namespace, { ...kind, name: metadata.name }),
  };
}
