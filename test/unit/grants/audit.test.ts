import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { examineAccess } from "../../../fleet/effective/examine";
import { isAudited } from "../../../fleet/effective/inbound";
import { portsNamed } from "../../../fleet/effective/ports";
import { portPolicy } from "../../../fleet/effective/servers";
import { grantNotes } from "../../../fleet/grants/notes";
import { grantObjects } from "../../../fleet/grants/objects";
import { countsExactly, type GrantPlan } from "../../../fleet/grants/plan";
import { describeServices } from "../../../fleet/outputs/describe";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { compareAccess } from "../../../testing/effective";
import { clusterFrom, networkOf, plannedClusters, plannedObjects } from "../../../testing/effectiveFleet";
import { meshConfig } from "../../../testing/fleets";

const checkout = {
  ...{ name: "checkout", namespace: "shop", mode: "federated", in: ["c001", "c002"], ports: ["http"] },
  pods: { app: "checkout" },
  allow: [{ serviceAccount: "web", namespace: "shop" }],
  probes: ["/ready"],
};
const planOf = (...services: object[]) => planFleet(meshConfig(2, { services }));
const grantOf = (more: object): GrantPlan => {
  const [grant] = planOf({ ...checkout, ...more }).grants;
  if (!grant) throw new Error("no grant");
  return grant;
};
describe("an audited service", () => {
  it("refuses nobody, and says whom `deny` would refuse, in any fleet", () => {
    const seen = { audited: 0, granted: 0 };
    fc.assert(
      fc.property(fleetInputs({ maxClusters: 3, audits: true }), (input) => {
        const plan = planFleet(configOf(input));
        const clusters = plannedClusters(plan);
        expect(compareAccess(plan, clusters)).toEqual([]);
        for (const { port, cases } of examineAccess(plan, clusters)) {
          for (const { caller, request, declared, verdict } of cases) {
            if (port.enforce !== "audit" || caller.throughGateway) {
              expect(isAudited(verdict) && port.enforce !== "audit").toBe(false);
              continue;
            }
            // Only its protocol is refused, of which no grant decides.
            if (request === "stream" && port.protocol === "HTTP/1") continue;
            expect(verdict.outcome, JSON.stringify([port, caller, request])).toBe("allowed");
            expect(isAudited(verdict)).toBe(!declared);
            seen[declared ? "granted" : "audited"]++;
          }
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    expect(Math.min(seen.audited, seen.granted)).toBeGreaterThan(100);
  });

  it("has a route whose policies are asked before the audit, for every HTTP request that a grant covers", () => {
    fc.assert(
      fc.property(fleetInputs({ maxClusters: 2, audits: true }), (input) => {
        const plan = planFleet(configOf(input));
        for (const [name, cluster] of plannedClusters(plan)) {
          for (const grant of plan.grants.filter((one) => one.cluster === name && countsExactly(one))) {
            const pods = cluster.pods.filter(({ metadata }) => metadata.name === grant.name);
            const policies = pods.flatMap((pod) =>
              grant.ports.flatMap(({ port }) =>
                portsNamed(pod, port).map((number) => portPolicy(cluster, pod, number)),
              ),
            );
            for (const { routes, authorizations } of policies) {
              expect(routes.length).toBeGreaterThan(0);
              const granted = authorizations.filter(({ audit }) => !audit);
              const key = ({ networks, clients }: (typeof granted)[number]) =>
                JSON.stringify([networks, clients]);
              for (const route of routes) {
                expect(route.authorizations.some(({ audit }) => audit)).toBe(false);
                const own = new Set(route.authorizations.map(key));
                expect(granted.filter((one) => !own.has(key(one)))).toEqual([]);
              }
            }
          }
        }
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it("gets what its grants say at every route, and what it has at the Server stays", () => {
    const deny = grantObjects(grantOf({}), {});
    const audit = grantObjects(grantOf({ enforce: "audit" }), {});
    const withoutServer = (objects: typeof deny) => objects.filter(({ kind }) => kind !== "Server");
    expect(audit).toEqual(expect.arrayContaining(withoutServer(deny)));
    const added = audit.filter(({ id }) => !deny.some((one) => one.id === id));
    const names = added.map(
      ({ kind, metadata }) => `${kind} ${metadata.name.replace(/\.[0-9a-f]{8}\b/, "")}`,
    );
    expect(names.sort()).toEqual(
      [
        "NetworkAuthentication fleet.checkout.probes",
        ...["any", "get-ready"].flatMap((route) => [
          `HTTPRoute fleet.checkout.http.${route}`,
          `MeshTLSAuthentication fleet.checkout.http.${route}.callers`,
          `AuthorizationPolicy fleet.checkout.http.${route}.callers`,
          `AuthorizationPolicy fleet.checkout.http.${route}.local`,
        ]),
        "AuthorizationPolicy fleet.checkout.http.get-ready.probes",
      ].sort(),
    );
    const routes = audit.filter(({ kind }) => kind === "HTTPRoute");
    for (const { after } of routes) expect(after).toContain("http");
  });

  it.each(["opaque", "TLS", "gRPC"])(
    "changes its Server alone where no HTTPRoute applies (%s)",
    (protocol) => {
      const deny = grantObjects(grantOf({ protocol }), {});
      const audit = grantObjects(grantOf({ protocol, enforce: "audit" }), {});
      const specs = (objects: typeof deny) => objects.filter(({ kind }) => kind !== "Server");
      expect(specs(audit)).toEqual(specs(deny));
      expect(audit.find(({ kind }) => kind === "Server")).toMatchObject({ spec: { accessPolicy: "audit" } });
    },
  );

  it("is no excuse for what else lets callers in, nor for a grant whose policy is gone", () => {
    const plan = planOf({ ...checkout, enforce: "audit", local: "none" });
    const clusters = (change: (lists: ReturnType<typeof plannedObjects>) => void) =>
      new Map(
        plan.clusters.map((cluster) => {
          const lists = plannedObjects(plan, cluster, networkOf(cluster), []);
          if (cluster.name === "c001") change(lists);
          return [cluster.name, clusterFrom(lists, cluster)];
        }),
      );
    const kinds = (change: (lists: ReturnType<typeof plannedObjects>) => void) =>
      compareAccess(plan, clusters(change)).map(({ kind, cluster }) => `${kind} in ${cluster}`);
    expect(kinds(() => {})).toEqual([]);
    const opened = kinds((lists) =>
      lists.authorizationPolicies.push({
        metadata: { name: "planted", namespace: "shop" },
        spec: {
          targetRef: { group: "policy.linkerd.io", kind: "Server", name: "fleet.checkout.http" },
          requiredAuthenticationRefs: [],
        },
      }),
    );
    expect(new Set(opened)).toEqual(new Set(["open in c001"]));
    const lost = kinds((lists) => {
      lists.authorizationPolicies = [];
    });
    expect(new Set(lost)).toEqual(new Set(["audited in c001"]));
  });
});

describe("what is said of an audit", () => {
  const audited = planOf({ ...checkout, allow: [], local: "none", enforce: "audit" });
  const note =
    "Service shop/checkout of c001, c002: everybody may call it: `enforce: audit` lets in, logs and counts the calls " +
    "that no grant covers";

  it("in the outputs", () => {
    expect(describeServices(audited)).toMatchObject([{ audited: ["c001", "c002"] }]);
    expect(describeServices(audited)[0]).not.toHaveProperty("narrowed");
    expect(describeServices(planOf(checkout))[0]).not.toHaveProperty("audited");
  });

  it("in the notes of a preview, once, and whom it keeps out when it ends", () => {
    expect(grantNotes({}, audited)).toEqual([note]);
    const last = JSON.parse(JSON.stringify({ services: describeServices(audited) }));
    expect(grantNotes(last, audited)).toEqual([]);
    expect(grantNotes(last, planOf({ ...checkout, allow: [], local: "none" }))).toHaveLength(2);
  });
});
