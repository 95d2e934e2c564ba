import type { DeclaredPort } from "./declared";
import type { Request } from "./inbound";
import type { PortPolicy } from "./servers";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
/** Below every prefix, and the name of nothing. */
const BELOW = "linkerd-fleet-any";

/** One request of each kind that the declaration or the live routes of a port tell from others. */
export function requestsOf(port: DeclaredPort | undefined, policies: readonly PortPolicy[]): Request[] {
  const streams = port?.protocol === "opaque" || port?.protocol === "TLS";
  if (streams) return ["stream"];
  const live = policies.flatMap(({ routes }) =>
    routes.flatMap(({ rules }) => rules.flatMap(({ samples }) => samples)),
  );
  const declared = (port?.routes ?? []).map(({ match: { path, method } }) => ({
    path: path.value,
    method: method ?? "GET",
  }));
  const samples = [...live, ...declared];
  if (port?.protocol === "gRPC") {
    return unique(["/example.Service/Call", ...samples.map(({ path }) => path)].filter(isCall)).map(
      (path) => ({
        method: "POST",
        path,
      }),
    );
  }
  const probes = (port?.probes ?? []).map((path) => path);
  const paths = unique(["/", ...samples.map(({ path }) => path), ...probes]).flatMap((path) => [
    path,
    `${path.replace(/\/+$/, "")}/${BELOW}`,
  ]);
  const mentioned = samples.map(({ method }) => method);
  const other = METHODS.find((method) => method !== "GET" && !mentioned.includes(method)) ?? "TRACE";
  const requests = unique(paths).flatMap((path) =>
    unique(["GET", other, ...mentioned]).map((method) => ({ method, path })),
  );
  return port === undefined || port.protocol === "unknown" ? [...requests, "stream"] : requests;
}

/** For people, for example `GET /orders`. */
export function requestWords(request: Request): string {
  return request === "stream" ? "bytes that are no HTTP request" : `${request.method} ${request.path}`;
}

function isCall(path: string): boolean {
  return /^\/[^/]+\/[^/]+$/.test(path);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
