import type { DeclaredPort } from "./declared";
import type { Request } from "./inbound";
import type { HttpRequest } from "./matches";
import type { Route } from "./routes";
import type { PortPolicy } from "./servers";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
/** Below every prefix, and the name of nothing. */
const BELOW = "linkerd-fleet-any";

/** The name of no host (RFC 2606). */
const ANY_HOST = `${BELOW}.invalid`;

/**
 * One request of each kind that the declaration or the live routes of a port tell from others. `before`: policies of
 * gateways on its way.
 */
export function requestsOf(
  port: DeclaredPort | undefined,
  policies: readonly PortPolicy[],
  before: readonly PortPolicy[] = [],
): Request[] {
  const live = [...policies, ...before].flatMap(({ routes }) => routes.flatMap(samplesOf));
  // Another's Server may say that the port speaks something else.
  const protocols = unique([port?.protocol ?? "unknown", ...policies.map(({ protocol }) => protocol)]);
  const spoken = (...some: readonly string[]) => some.some((one) => protocols.includes(one));
  const requests = [
    ...(spoken("unknown", "HTTP/1", "HTTP/2") ? httpRequests(port, live) : []),
    ...(spoken("gRPC") ? calls(live) : []),
  ];
  return [...requests, ...(spoken("unknown", "opaque", "TLS") ? (["stream"] as const) : [])];
}

function calls(live: readonly HttpRequest[]): HttpRequest[] {
  const paths = unique(["/example.Service/Call", ...live.map(({ path }) => path)].filter(isCall));
  const plain = paths.map((path) => ({ method: "POST", path }));
  return conditional(
    plain,
    live.filter(({ path, fits }) => isCall(path) && fits === undefined),
  );
}

function httpRequests(port: DeclaredPort | undefined, live: readonly HttpRequest[]): HttpRequest[] {
  const declared = (port?.routes ?? []).map(({ match: { path, method } }) => ({
    path: path.value,
    method: method ?? "GET",
  }));
  const samples = [...live.filter(({ fits }) => fits === undefined), ...declared];
  const paths = unique(["/", ...samples.map(({ path }) => path), ...(port?.probes ?? [])]).flatMap((path) => [
    path,
    `${path.replace(/\/+$/, "")}/${BELOW}`,
  ]);
  const mentioned = samples.map(({ method }) => method);
  const other = METHODS.find((method) => method !== "GET" && !mentioned.includes(method)) ?? "TRACE";
  const plain = unique(paths).flatMap((path) =>
    unique(["GET", other, ...mentioned]).map((method) => ({ method, path })),
  );
  return conditional(plain, live);
}

/**
 * Where routes ask for more than a path and a method, plain requests have nothing of that, and there is one more for
 * each such route.
 */
function conditional(plain: readonly HttpRequest[], live: readonly HttpRequest[]): HttpRequest[] {
  const special = live.filter(isSpecial);
  if (special.length === 0) return [...plain];
  const all = [...plain.map((one) => ({ ...one, headers: {}, query: {} })), ...special];
  return all.map((one) => ({ host: ANY_HOST, ...one }));
}

function isSpecial({ host, fits, headers, query }: HttpRequest): boolean {
  const asks = (of: Readonly<Record<string, string>> | undefined) => !of || Object.keys(of).length > 0;
  return host !== undefined || fits !== undefined || asks(headers) || asks(query);
}

function samplesOf({ hostnames, rules }: Route): HttpRequest[] {
  const samples = rules.flatMap((rule) => rule.samples);
  if (hostnames.length === 0) return samples;
  // A rule without matches takes every request to its hosts.
  const all = rules.some(({ matches }) => matches.length === 0)
    ? [...samples, { method: "GET", path: "/", headers: {}, query: {} }]
    : samples;
  const hosts = hostnames.map((name) => name.replace(/^\*/, BELOW));
  return all.flatMap((sample) => hosts.map((host) => ({ ...sample, host })));
}

/** For people, for example `GET /orders`. */
export function requestWords(request: Request): string {
  if (request === "stream") return "bytes that are no HTTP request";
  const { method, path, fits, host, headers = {}, query = {} } = request;
  const pairs = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([name, value]) => `${name}=${value}`);
  return [
    `${method} ${fits === undefined ? path : `of paths that ${fits} takes`}`,
    ...(host === undefined || host === ANY_HOST ? [] : [`to ${host}`]),
    ...[...pairs(headers), ...pairs(query)].map((pair) => `with ${pair}`),
  ].join(" ");
}

function isCall(path: string): boolean {
  return /^\/[^/]+\/[^/]+$/.test(path);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
