import { nameOf, routeAuthorizations } from "./authorizations";
import type { Authorization } from "./clients";
import type { Cluster } from "./cluster";
import { type HttpRequest, type Matched, matchGrpc, matchHost, matchHttp } from "./matches";
import { GATEWAY_API_GROUP, POLICY_GROUP, targetsKind } from "./selectors";
import type { GrpcRoute, HttpRoute, Server } from "./shapes";

/** A route from which a proxy chooses for each request, in the order in which it prefers equals. */
export interface Route {
  /** For people, for example `HTTPRoute shop/orders`; a proxy's own has the name that its metrics say. */
  readonly name: string;
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
  /** Besides those of the Server. */
  readonly authorizations: readonly Authorization[];
}

export interface RouteRule {
  /** None takes every request. */
  readonly matches: readonly ((request: HttpRequest) => Matched | undefined)[];
  readonly redirects: boolean;
  /** Requests that stand for all that it tells from others. */
  readonly samples: readonly HttpRequest[];
}

type Live = HttpRoute | GrpcRoute;
type Kind = { readonly group: string; readonly kind: "HTTPRoute" | "GRPCRoute" };

/** The routes of HTTP requests to a Server; linkerd2 `inbound/index.rs`, `http_routes`. */
export function httpRoutes(cluster: Cluster, server: Server, probes: readonly string[]): Route[] {
  const own = cluster.in(server.metadata.namespace);
  // One GRPCRoute takes the Server from all HTTPRoutes (linkerd2 `policy-controller/k8s/status/src/index.rs`).
  const conflict = own.grpcRoutes.find((route) => isParent(server, route));
  const found = [
    ...accepted(
      own.policyHttpRoutes,
      { group: POLICY_GROUP, kind: "HTTPRoute" },
      server,
      conflict === undefined,
    ),
    ...accepted(
      own.gatewayHttpRoutes,
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
    cluster.in(server.metadata.namespace).grpcRoutes,
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
 * Where nobody made a route: everything, and the probes of the pod; linkerd2 `inbound/index.rs`,
 * `default_inbound_http_routes`.
 */
export function defaultHttpRoutes({ mesh }: Cluster, probes: readonly string[]): Route[] {
  const rule = (matches: HttpRoute["spec"]["rules"][number]["matches"]) =>
    ruleOf(matches, [], matchHttp, httpSamples);
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
    .filter(
      (route) => isParent(server, route) && isValid(route, kind) && isAccepted(route, server, otherwise),
    )
    .map((route) => ({ kind, route }));
}

/** linkerd2 `inbound/routes.rs`, `from_http_parent_ref`. */
function isParent({ metadata }: Server, { metadata: of, spec }: Live): boolean {
  const servers = spec.parentRefs.filter(
    (parent) => targetsKind(parent, POLICY_GROUP, "Server") && parent.name !== "",
  );
  // With one reference that it may not have, the route has none.
  const valid = servers.every(
    ({ namespace, port, sectionName }) =>
      (namespace == null || namespace === of.namespace) && port == null && sectionName == null,
  );
  return valid && servers.some(({ name }) => name === metadata.name);
}

/** linkerd2 `inbound/index/http.rs` and `grpc.rs`: with one filter that proxies do not have, there is no route. */
const FILTERS = {
  HTTPRoute: ["RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect"],
  GRPCRoute: ["RequestHeaderModifier", "ResponseHeaderModifier"],
} as const;

function isValid(route: Live, { kind }: Kind): boolean {
  const allowed: readonly string[] = FILTERS[kind];
  const rules: readonly { readonly filters: readonly { readonly type: string }[] }[] = route.spec.rules;
  return rules.every(({ filters }) => filters.every(({ type }) => allowed.includes(type)));
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

function ruleOf<M>(
  matches: readonly M[],
  filters: readonly { readonly type: string }[],
  matching: (match: M, request: HttpRequest) => Matched | undefined,
  samples: (match: M) => HttpRequest[],
): RouteRule {
  return {
    matches: matches.map((match) => (request) => matching(match, request)),
    redirects: filters.some(({ type }) => type === "RequestRedirect"),
    samples: matches.flatMap(samples),
  };
}

function httpSamples({ path, method }: HttpRoute["spec"]["rules"][number]["matches"][number]): HttpRequest[] {
  const value = path?.value ?? "/";
  return path?.type === "RegularExpression" ? [] : [{ method: method ?? "GET", path: value }];
}

function grpcSamples({ method }: GrpcRoute["spec"]["rules"][number]["matches"][number]): HttpRequest[] {
  return [{ method: "POST", path: `/${method?.service ?? "example.Service"}/${method?.method ?? "Call"}` }];
}

/** A route that may take a request, and whom it lets in. */
export interface Chosen {
  /** Absent where no route takes it: it is answered 404. */
  readonly route?: Route;
  readonly redirects: boolean;
}

/**
 * The route that takes a request: the best match, and the first of equals (linkerd2-proxy `http/route/src/lib.rs`,
 * `find`). Several where that depends on what is not known of the request.
 */
export function choose(routes: readonly Route[], request: HttpRequest): Chosen[] {
  const candidates = routes.flatMap((route, at) =>
    hostsOf(route, request).flatMap((host) =>
      route.rules.flatMap(({ matches, redirects }) => {
        const taken = matches.length === 0 ? [WHOLE] : matches.flatMap((match) => match(request) ?? []);
        return taken.map((matched) => ({
          chosen: { route, redirects },
          rank: [...host.rank, ...matched.rank],
          sure: host.sure && matched.sure,
          at,
        }));
      }),
    ),
  );
  // A stable sort: the first of equals stays first.
  const ranked = [...candidates].sort((one, other) => compare(other.rank, one.rank));
  const best = ranked.findIndex(({ sure }) => sure);
  if (best < 0) return [...ranked.map(({ chosen }) => chosen), { redirects: false }];
  return ranked.slice(0, best + 1).map(({ chosen }) => chosen);
}

/**
 * A rule without matches ranks as the prefix `/` (linkerd2-proxy `http/route/src/http/match.rs`,
 * `RequestMatch::default`).
 */
const WHOLE: Matched = { rank: [1, 0, 0, 0], sure: true };

function hostsOf({ hostnames }: Route, request: HttpRequest): Matched[] {
  if (hostnames.length === 0) return [{ rank: [0, 0], sure: true }];
  return hostnames.flatMap((name) => matchHost(name, request) ?? []);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, at) => part !== other[at]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
