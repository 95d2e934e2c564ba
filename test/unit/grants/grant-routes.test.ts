import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grantObjects } from "../../../fleet/grants/objects";
import { decideRoutes, matchWords, type RouteGrant, ties } from "../../../fleet/grants/routes";
import type { HttpMatch } from "../../../fleet/grants/schema";
import { planFleet } from "../../../fleet/plan";
import { meshConfig } from "../../../testing/fleets";

interface Request {
  readonly path: string;
  readonly method: string;
}

/**
 * How long a match's path is for a proxy, and whether it has a method (linkerd2-proxy
 * `http/route/src/http/match.rs`).
 */
function precedence({ path, method }: HttpMatch, request: Request): number | undefined {
  if (method !== undefined && method !== request.method) return undefined;
  const bonus = method === undefined ? 0 : 0.5;
  if (path.type === "Exact") return path.value === request.path ? path.value.length + bonus : undefined;
  if (path.value === "/") return 1 + bonus;
  const prefix = path.value.replace(/\/+$/, "");
  const sent = request.path.replace(/\/+$/, "");
  return sent === prefix || sent.startsWith(`${prefix}/`) ? prefix.length + bonus : undefined;
}

/** Small enough that paths meet. */
const path = fc
  .array(fc.constantFrom("a", "b", "ab"), { maxLength: 3 })
  .chain((parts) =>
    fc.constantFrom("", "/").map((end) => `/${parts.join("/")}${parts.length > 0 ? end : ""}`),
  );
const method = fc.constantFrom("GET" as const, "POST" as const);
const match: fc.Arbitrary<HttpMatch> = fc.record(
  {
    path: fc.record({ type: fc.constantFrom("PathPrefix" as const, "Exact" as const), value: path }),
    method,
  },
  { requiredKeys: ["path"] },
);
const grants: fc.Arbitrary<RouteGrant[]> = fc.array(
  fc.record({ match, callers: fc.uniqueArray(fc.constantFrom("web", "batch", "bi"), { minLength: 1 }) }),
  { minLength: 1, maxLength: 5 },
);
const probes = fc.uniqueArray(path, { maxLength: 2 });
const request = fc.record({ path, method: fc.oneof(method, fc.constant("DELETE")) });

describe("the routes of a port", () => {
  it("let each caller send exactly the requests that some grant of theirs is for, as a proxy decides", () => {
    fc.assert(
      fc.property(grants, probes, request, (granted, probed, sent) => {
        fc.pre(ties(granted, probed).length === 0);
        const found = decideRoutes(granted, probed)
          .flatMap((route) => {
            const rank = precedence(route.match, sent);
            return rank === undefined ? [] : [{ ...route, rank }];
          })
          .sort((one, other) => other.rank - one.rank);
        const [best, next] = found;
        // Nothing is answered 404, and no two routes are as good as each other.
        expect(best).toBeDefined();
        expect(best?.rank).not.toBe(next?.rank);
        const allowed = granted.filter((grant) => precedence(grant.match, sent) !== undefined);
        expect(best?.callers).toEqual([...new Set(allowed.flatMap(({ callers }) => callers))].sort());
        expect(best?.probe).toBe(sent.method === "GET" && probed.includes(sent.path));
      }),
      { numRuns: 3000 },
    );
  });

  it("are one for each match, the one for all that is left before the others", () => {
    fc.assert(
      fc.property(grants, probes, (granted, probed) => {
        const words = decideRoutes(granted, probed).map((route) => matchWords(route.match));
        expect(words[0]).toBe("/*");
        expect(new Set(words).size).toBe(words.length);
      }),
    );
  });

  it("are told to tie where a proxy has no better one", () => {
    const exact = (method?: "GET"): RouteGrant => ({
      match: { path: { type: "Exact", value: "/ready" }, ...(method && { method }) },
      callers: ["web"],
    });
    const prefix = (value: string, method?: "GET"): RouteGrant => ({
      match: { path: { type: "PathPrefix", value }, ...(method && { method }) },
      callers: ["bi"],
    });
    const told = (granted: RouteGrant[], probed: string[] = []) => ties(granted, probed).map(matchWords);
    expect(told([exact(), prefix("/ready/")])).toEqual(["/ready"]);
    expect(told([exact("GET"), prefix("/ready")])).toEqual([]);
    expect(told([prefix("/ready"), prefix("/", "GET")], ["/ready"])).toEqual(["GET /ready"]);
    expect(told([prefix("/", "GET")], ["/ready"])).toEqual([]);
    expect(told([prefix("/", "GET")], ["/"])).toEqual(["GET /"]);
  });
});

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const BI = "bi.shop.serviceaccount.identity.linkerd.cluster.local";
const planned = (allow: object[], more: object = {}) => {
  const service = {
    name: "checkout",
    namespace: "shop",
    mode: "federated",
    in: ["c001"],
    ports: [8080, "admin"],
  };
  const [grant] = planFleet(
    meshConfig(2, { services: [{ ...service, probes: ["/ready"], allow, ...more }] }),
  ).grants;
  if (!grant) throw new Error("no grant");
  return grant;
};

describe("a grant for some requests", () => {
  const orders = { path: { value: "/orders" }, method: "GET" };

  it("is no grant for the port, and leaves other ports as they were", () => {
    expect(planned([{ identity: WEB, ports: [8080], routes: [orders] }, { identity: BI }]).ports).toEqual([
      {
        port: 8080,
        callers: [BI],
        routes: [
          { match: { path: { type: "PathPrefix", value: "/orders" }, method: "GET" }, callers: [WEB] },
        ],
      },
      { port: "admin", callers: [BI] },
    ]);
  });

  it("makes a route with its callers, one for probes from anywhere, and one for what is left", () => {
    const objects = grantObjects(planned([{ identity: WEB, ports: [8080], routes: [orders] }]), {});
    expect(objects.map(({ metadata }) => metadata.name)).toContain("fleet.checkout.probes");
    const routes = objects.filter((object) => object.apiVersion === "policy.linkerd.io/v1beta3");
    const told = routes.flatMap((object) => (object.kind === "HTTPRoute" ? [object] : []));
    const of = (name: string) => ({
      callers: objects.flatMap((object) =>
        object.kind === "MeshTLSAuthentication" && object.metadata.name === `${name}.callers`
          ? object.spec.identities
          : [],
      ),
      policies: objects.flatMap((object) =>
        object.kind === "AuthorizationPolicy" && object.spec.targetRef.name === name
          ? object.spec.requiredAuthenticationRefs.map(({ kind }) => kind)
          : [],
      ),
    });
    const routed = told.map(({ metadata, spec }) => ({
      parents: spec.parentRefs.map(({ kind, name }) => `${kind} ${name}`),
      matches: spec.rules.flatMap(({ matches }) => matches.map(matchWords)),
      ...of(metadata.name),
    }));
    const parents = ["Server fleet.checkout.8080"];
    expect(routed).toEqual([
      { parents, matches: ["/*"], callers: [], policies: [] },
      { parents, matches: ["GET /ready"], callers: [], policies: ["NetworkAuthentication"] },
      { parents, matches: ["GET /orders/*"], callers: [WEB], policies: ["MeshTLSAuthentication"] },
    ]);
    expect(of("fleet.checkout.8080").callers).toEqual([]);
  });

  it("makes nothing of probes where no grant is for requests", () => {
    const objects = grantObjects(planned([{ identity: WEB }]), {});
    expect(objects.map(({ metadata }) => metadata.name)).not.toContain("fleet.checkout.probes");
    expect(objects.filter(({ kind }) => kind === "HTTPRoute")).toEqual([]);
  });
});
