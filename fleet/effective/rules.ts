import type { HttpRequest, Matched } from "./matches";
import type { Filters, GrpcMatch, HttpMatch, NamedMatch } from "./shapes";

export interface RouteRule {
  /** None takes every request. */
  readonly matches: readonly ((request: HttpRequest) => Matched | undefined)[];
  readonly redirected: (request: HttpRequest) => Redirected;
  /** Requests that stand for all that it tells from others. */
  readonly samples: readonly HttpRequest[];
}

/** Whether a request is sent elsewhere; it may say itself where. */
export type Redirected = "yes" | "no" | "maybe";

export function ruleOf<M>(
  matches: readonly M[],
  filters: Filters,
  matching: (match: M, request: HttpRequest) => Matched | undefined,
  samples: (match: M) => HttpRequest[],
): RouteRule {
  return {
    matches: matches.map((match) => (request) => matching(match, request)),
    redirected: (request) => redirectedBy(filters, request),
    samples: matches.flatMap(samples),
  };
}

/**
 * A request that is already for where it would be sent goes on (linkerd2-proxy
 * `http/route/src/http/filter/redirect.rs`, `apply`).
 */
function redirectedBy(filters: Filters, request: HttpRequest): Redirected {
  const redirects = filters.filter(({ type }) => type === "RequestRedirect");
  const found = redirects.map(({ requestRedirect }): Redirected => {
    const { scheme, hostname, port, path } = requestRedirect ?? {};
    if (path?.replaceFullPath != null && request.fits === undefined) {
      // What is replaced may hold parameters.
      const [whole = ""] = path.replaceFullPath.split("?");
      if (whole !== request.path) return "yes";
    }
    return [scheme, hostname, port, path].every((part) => part == null) ? "no" : "maybe";
  });
  return found.includes("yes") ? "yes" : found.includes("maybe") ? "maybe" : "no";
}

/** Conditions that ask for values; of an expression, none is known. */
function valuesOf(conditions: readonly NamedMatch[]): Record<string, string> | undefined {
  if (conditions.some(({ type }) => type === "RegularExpression")) return undefined;
  return Object.fromEntries(conditions.map(({ name, value }) => [name, value]));
}

export function httpSamples({ path, method, headers, queryParams }: HttpMatch): HttpRequest[] {
  const value = path?.value ?? "/";
  const query = valuesOf(queryParams);
  return [
    {
      ...{ method: method ?? "GET", path: value },
      ...(path?.type === "RegularExpression" ? { fits: value } : {}),
      ...withHeaders(headers),
      ...(query ? { query } : {}),
    },
  ];
}

export function grpcSamples({ method, headers }: GrpcMatch): HttpRequest[] {
  const path = `/${method?.service || "example.Service"}/${method?.method || "Call"}`;
  return [{ method: "POST", path, query: {}, ...withHeaders(headers) }];
}

function withHeaders(conditions: readonly NamedMatch[]): Pick<HttpRequest, "headers"> {
  const headers = valuesOf(conditions);
  return headers ? { headers } : {};
}
