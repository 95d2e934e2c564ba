import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namespaceObjects, restartObjects } from "../../../fleet/clusters/objects";
import { emissaryRouting } from "../../../fleet/gateways/emissaryObjects";
import { grantObjects } from "../../../fleet/grants/objects";
import { type ResourceName, resourceNames } from "../../../fleet/objects/resourceNames";
import { type Plan, planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const service = (namespace: string, name: string, clusters: readonly string[]) => ({
  ...{
    namespace,
    name,
    mode: "gateway",
    in: clusters,
    ports: ["http", "http-local", "local", "grant-http", "grant-local"],
    allowGateway: true,
  },
  ...{
    local: "meshed",
    traffic: [{ port: 80, weights: Object.fromEntries(clusters.map((one) => [one, 1])) }],
  },
});

/** A fleet whose names can be read in several ways; every cluster has every service, namespace and workload. */
function fleet(
  clusters: readonly string[],
  services: readonly (readonly [namespace: string, name: string])[],
  emissary = false,
): Plan {
  const namespaces = Object.fromEntries(
    services.map(([namespace]) => [namespace, { defaultInboundPolicy: "deny" }]),
  );
  const routing = services.flatMap(([namespace, name]) => [`${namespace}-${name}`, name]);
  const gateway = {
    type: "emissary",
    hosts: [...new Set(routing)].map((name) => ({ name, hostname: "*" })),
    mappings: [...new Set(routing)].map((name) => ({ name, prefix: "/", service: "web" })),
  };
  const workloads = services.map(([namespace, deployment]) => ({ namespace, deployment }));
  return planFleet(
    fleetOf(
      Object.fromEntries(
        clusters.map((name) => [name, cluster(name, { namespaces, ...(emissary && { gateway }) })]),
      ),
      {
        trust: { anchors: [{ id: "2026", state: "active" }], restart: { workloads } },
        services: services.map(([namespace, name]) => service(namespace, name, clusters)),
      },
    ),
  );
}

/** Every name that joins names, of one kind after the other. */
function allNames(plan: Plan): ResourceName[][] {
  const { inCluster, inGrant, link, access } = resourceNames(plan);
  const inGrants = plan.grants.flatMap((grant) =>
    grantObjects(grant, {}).map(({ kind, id }) => ({ kind, name: inGrant(grant, id) })),
  );
  const idsOf = (of: (one: Plan["clusters"][number]) => readonly string[]) =>
    plan.clusters.flatMap((one) => of(one).map((id) => inCluster(one.name, id)));
  return [
    plan.exports.map((one) => inCluster(one.cluster, `${one.namespace}/${one.name}`)),
    idsOf((one) => namespaceObjects(one).map(({ id }) => id)),
    idsOf((one) => restartObjects(one).map(({ id }) => id)),
    ...(["Host", "Mapping"] as const).map((kind) =>
      idsOf(({ gateway }) =>
        gateway.enabled && gateway.kind === "emissary"
          ? emissaryRouting(gateway).flatMap((one) => (one.kind === kind ? [`emissary-${one.id}`] : []))
          : [],
      ),
    ),
    ...[...Map.groupBy(inGrants, ({ kind }) => kind).values()].map((all) => all.map(({ name }) => name)),
    plan.links.map(({ source, target }) => link(source, target)),
    plan.accesses.map(({ source, target }) => access(target, source)),
  ];
}

// Few words, so that joined names meet often.
const joined = (...words: readonly string[]) =>
  fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("-"));
const plans = fc
  .tuple(
    fc.uniqueArray(joined("a", "b", "to", "for", "emissary", "host"), { minLength: 1, maxLength: 5 }),
    fc.uniqueArray(fc.tuple(joined("a", "b", "host"), joined("a", "b", "namespace", "restart", "grant")), {
      minLength: 1,
      maxLength: 6,
      selector: (of) => of.join("/"),
    }),
    fc.boolean(),
  )
  .map((args) => fleet(...args));

function deploy(plan: Plan): Promise<Registered[]> {
  return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
}

describe("names that join names", () => {
  it("are of one resource each, in any fleet", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const names of allNames(plan)) {
          expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("are no alias of another resource, and no two resources claim one alias that a third has as its name", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const names of allNames(plan)) {
          const own = new Set(names.map(({ name }) => name));
          expect(names.filter(({ alias }) => alias !== undefined && own.has(alias))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("do not depend on what else the clusters have", () => {
    const both = resourceNames(
      fleet(
        ["us"],
        [
          ["shop", "api-web"],
          ["shop-api", "web"],
        ],
      ),
    );
    const one = resourceNames(fleet(["us"], [["shop-api", "web"]]));
    expect(both.inCluster("us", "shop/api-web")).toEqual({ name: "us-shop-api-web" });
    expect(both.inCluster("us", "shop-api/web")).toEqual({ name: "us/shop-api/web" });
    expect(one.inCluster("us", "shop-api/web")).toEqual({
      name: "us/shop-api/web",
      alias: "us-shop-api-web",
    });
  });

  it("are what they were wherever they can be read in one way", () => {
    const { inCluster, link, access } = resourceNames(fleet(["prod-us", "prod-eu"], [["shop", "api-web"]]));
    expect(inCluster("prod-us", "shop/api-web")).toEqual({ name: "prod-us-shop-api-web" });
    expect(inCluster("prod-us", "my-shop-namespace")).toEqual({ name: "prod-us-my-shop-namespace" });
    expect(link("prod-us", "prod-eu")).toEqual({ name: "prod-us-to-prod-eu" });
    expect(access("prod-eu", "prod-us")).toEqual({ name: "prod-eu-for-prod-us" });
  });

  it("of a grant's objects are read as those of the service with the longer name", () => {
    const grants: readonly [string, string][] = [
      ["shop", "web"],
      ["shop", "web-grant"],
    ];
    const nameIn = (plan: Plan, name: string, id: string) =>
      resourceNames(plan).inGrant({ cluster: "us", namespace: "shop", name }, id);
    const both = fleet(["us"], grants);
    expect(nameIn(both, "web-grant", "http")).toEqual({ name: "us-shop-web-grant-grant-http" });
    expect(nameIn(both, "web", "grant-http")).toEqual({ name: "us-shop-web-grant/grant-http" });
    expect(nameIn(both, "web", "http/callers")).toEqual({ name: "us-shop-web-grant-http-callers" });
    expect(nameIn(fleet(["us"], grants.slice(0, 1)), "web", "grant-http/callers")).toEqual({
      name: "us-shop-web-grant/grant-http/callers",
      alias: "us-shop-web-grant-grant-http-callers",
    });
  });

  it("of links and accesses are read as the shortest source, or target", () => {
    const { link, access } = resourceNames(fleet(["a", "a-to-b", "b-to-c", "c"], [["x", "y"]]));
    expect(link("a", "b-to-c")).toEqual({ name: "a-to-b-to-c" });
    expect(link("a-to-b", "c")).toEqual({ name: "a-to-b/c" });
    expect(access("a-to-b", "c")).toEqual({ name: "a-to-b-for-c" });
  });
});

describe("the resources of a fleet", () => {
  it("have a URN each, whatever their clusters, services and workloads are called", async () => {
    const sharing: readonly [string, string][] = [
      ["shop", "api-web"],
      ["shop-api", "web"],
      ["eu", "shop-web"],
      ["shop", "web"],
      ["eu-shop", "web"],
      ["eu-shop", "web-grant"],
    ];
    // The mocks refuse two resources of one URN.
    const all = await deploy(
      fleet(["prod", "prod-eu", "a", "a-to-b", "b", "b-to-a", "a-for-b"], sharing, true),
    );
    expect(all.length).toBeGreaterThan(500);
  });

  it("deploy in random fleets whose names meet", async () => {
    for (const plan of fc.sample(plans, 6)) await deploy(plan);
  });
});
