import type { ServiceConfig } from "../exports/schema";
import type { HttpMatch } from "./schema";

export interface RouteGrant {
  readonly match: HttpMatch;
  readonly callers: readonly string[];
}

/**
 * Requests to one port of which one HTTPRoute decides, and who may send them besides those who may send everything.
 */
export interface DecidedRoute extends RouteGrant {
  /** Whether the kubelet sends them as well. */
  readonly probe: boolean;
}

/** Whether Linkerd looks for HTTP requests at a port, to which an HTTPRoute is applied. */
export function takesRoutes(protocol: ServiceConfig["protocol"]): boolean {
  return protocol !== "opaque" && protocol !== "TLS" && protocol !== "gRPC";
}

/** For people, and one for each match. */
export function matchWords({ path: { type, value }, method }: HttpMatch): string {
  const path = type === "Exact" ? value : `${trimmed(value)}/*`;
  return method === undefined ? path : `${method} ${path}`;
}

/**
 * The routes of one port; the first one takes every request that the others do not, which would be answered 404. A
 * proxy asks the policies of the best route alone, not of all that match: each route names everybody whose grant
 * covers it, and where two grants have requests in common there is a route for those.
 */
export function decideRoutes(grants: readonly RouteGrant[], probes: readonly string[] = []): DecidedRoute[] {
  const asked = [EVERYTHING, ...probes.map(probe), ...grants.map(({ match }) => canonical(match))];
  // Two are enough: of any number, one has the narrowest path and one the method.
  const routes = asked.flatMap((one) => asked.flatMap((other) => inCommon(one, other)));
  const distinct = new Map(routes.map((match) => [matchWords(match), match]));
  return [...distinct.values()].map((match) => ({
    match,
    callers: [
      ...new Set(grants.filter((grant) => covers(grant.match, match)).flatMap(({ callers }) => callers)),
    ].sort(),
    probe: probes.some((path) => covers(probe(path), match)),
  }));
}

/**
 * Exact paths that tie with a prefix: a proxy compares the lengths of paths, then whether there is a method, then the
 * ages of the routes (linkerd2-proxy `http/route/src/http/match.rs`).
 */
export function ties(grants: readonly RouteGrant[], probes: readonly string[] = []): HttpMatch[] {
  const matches = decideRoutes(grants, probes).map(({ match }) => match);
  const prefixes = new Set(matches.filter(({ path }) => path.type === "PathPrefix").map(precedence));
  return matches.filter((match) => match.path.type === "Exact" && prefixes.has(precedence(match)));
}

const EVERYTHING: HttpMatch = { path: { type: "PathPrefix", value: "/" } };

/** As Linkerd's own route for probes (linkerd2 `policy-controller/k8s/index`, `default_inbound_http_routes`). */
function probe(path: string): HttpMatch {
  return { path: { type: "Exact", value: path }, method: "GET" };
}

/** A slash at the end of a prefix means nothing. */
function canonical({ path: { type, value }, ...match }: HttpMatch): HttpMatch {
  return { path: { type, value: type === "Exact" ? value : trimmed(value) || "/" }, ...match };
}

function precedence({ path, method }: HttpMatch): string {
  return `${method} ${path.value}`;
}

function covers(outer: HttpMatch, inner: HttpMatch): boolean {
  return (outer.method ?? inner.method) === inner.method && coversPath(outer.path, inner.path);
}

function coversPath(outer: HttpMatch["path"], inner: HttpMatch["path"]): boolean {
  if (outer.type === "Exact") return inner.type === "Exact" && inner.value === outer.value;
  return `${inner.value}/`.startsWith(`${trimmed(outer.value)}/`);
}

function inCommon(one: HttpMatch, other: HttpMatch): HttpMatch[] {
  const method = one.method ?? other.method;
  if (method !== (other.method ?? method)) return [];
  const path = [one.path, other.path].find((it) => coversPath(one.path, it) && coversPath(other.path, it));
  return path ? [{ path, ...(method && { method }) }] : [];
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}
