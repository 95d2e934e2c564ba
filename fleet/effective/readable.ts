import { isNoExpression } from "./matches";
import type { GrpcMatch, GrpcRoute, HttpMatch, HttpRoute, NamedMatch } from "./shapes";

const FILTERS: readonly string[] = ["RequestHeaderModifier", "ResponseHeaderModifier"];
const HTTP_FILTERS: readonly string[] = [...FILTERS, "RequestRedirect"];

/**
 * With one filter or match that Linkerd cannot read, there is no route; linkerd2 `inbound/index/http.rs` and `grpc.rs`,
 * `policy-controller/k8s/index/src/routes/http.rs` and `grpc.rs`. A controller that knew an earlier version of the route
 * keeps that until it restarts.
 */
export function isReadableHttp({ spec }: HttpRoute): boolean {
  return spec.rules.every(
    ({ filters, matches }) =>
      filters.every(({ type }) => HTTP_FILTERS.includes(type)) && matches.every(isHttpMatch),
  );
}

export function isReadableGrpc({ spec }: GrpcRoute): boolean {
  return spec.rules.every(
    ({ filters, matches }) =>
      filters.every(({ type }) => FILTERS.includes(type)) && matches.every(isGrpcMatch),
  );
}

function isHttpMatch({ path, headers, queryParams }: HttpMatch): boolean {
  const value = path?.value ?? "/";
  const isPath = path?.type === "RegularExpression" ? !isNoExpression(value) : value.startsWith("/");
  return isPath && areReadable([...headers, ...queryParams]);
}

function isGrpcMatch({ method, headers }: GrpcMatch): boolean {
  return method?.type !== "RegularExpression" && areReadable(headers);
}

function areReadable(conditions: readonly NamedMatch[]): boolean {
  return conditions.every(({ type, value }) => type !== "RegularExpression" || !isNoExpression(value));
}
