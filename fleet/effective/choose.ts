import { type HttpRequest, type Matched, matchHost } from "./matches";
import type { Route } from "./routes";
import type { Redirected } from "./rules";

/** A route that may take a request, and whom it lets in. */
export interface Chosen {
  /** Absent where no route takes it: it is answered 404. */
  readonly route?: Route;
  readonly redirected: Redirected;
}

/**
 * The route that takes a request: the best match, and the first of equals (linkerd2-proxy `http/route/src/lib.rs`,
 * `find`). Several where that depends on what is not known of the request.
 */
export function choose(routes: readonly Route[], request: HttpRequest): Chosen[] {
  const candidates = routes.flatMap((route, at) =>
    hostsOf(route, request).flatMap((host) =>
      route.rules.flatMap(({ matches, redirected }) => {
        const taken = matches.length === 0 ? [WHOLE] : matches.flatMap((match) => match(request) ?? []);
        return taken.map((matched) => ({
          chosen: { route, redirected: redirected(request) },
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
  if (best < 0) return [...ranked.map(({ chosen }) => chosen), { redirected: "no" }];
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
