import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { planFleet } from "../../../fleet/plan";
import { routeObjects } from "../../../fleet/traffic/objects";
import { configOf, type FleetInput, stack } from "../../../testing/arbitraries";
import { CLUSTERS, service as flatService, meshOfFour, type ServiceInput } from "../../../testing/meshOfFour";

type LinkInput = NonNullable<NonNullable<FleetInput["topology"]>["links"]>[number];

interface Shape {
  readonly services: readonly ServiceInput[];
  readonly links?: LinkInput[];
  readonly evacuated?: readonly string[];
}

/** A mesh, or with these links only. */
function fleet({ services, links, evacuated }: Shape): FleetInput {
  return {
    ...meshOfFour(services, evacuated),
    topology: links ? { kind: "links", links } : { kind: "mesh" },
  };
}

const service = (more: Partial<ServiceInput> = {}) =>
  flatService({
    allow: [{ namespace: "shop", serviceAccount: "web" }],
    traffic: { port: 80, prefer: "local" },
    ...more,
  });

const plan = (shape: Shape) => planFleet(configOf(fleet(shape)));

const pairs = CLUSTERS.flatMap((source) => CLUSTERS.map((target) => ({ source, target }))).filter(
  ({ source, target }) => source !== target,
);
const link = (pair: (typeof pairs)[number]): fc.Arbitrary<LinkInput> =>
  fc.record({
    ...{ source: fc.constant(pair.source), target: fc.constant(pair.target) },
    state: fc.constantFrom("active" as const, "draining" as const),
  });
const links = fc.subarray(pairs).chain((some) => fc.tuple(...some.map(link)));

describe("a service that prefers the local one", () => {
  it("turns to each linked member that answers, stays at home without one, and always has somebody", () => {
    const members = fc.subarray(CLUSTERS, { minLength: 2 });
    let tried = 0;
    fc.assert(
      fc.property(links, members, fc.subarray(CLUSTERS), (links, members, evacuated) => {
        const shape = { services: [service({ in: members })], links, evacuated };
        const { config } = parseFleetConfig(stack(fleet(shape)));
        if (!config) return;
        tried += 1;
        const { routes } = planFleet(config);
        const linked = (from: string) =>
          links.filter(({ source, target }) => source === from && members.includes(target));
        expect(routes.map(({ cluster }) => cluster)).toEqual(
          members.filter((member) => linked(member).length > 0),
        );
        for (const { cluster, backends } of routes) {
          const standbys = linked(cluster)
            .filter(({ target, state }) => state === "active" && !evacuated.includes(target))
            .map(({ target }) => target);
          const home = !evacuated.includes(cluster) || standbys.length === 0;
          const expected = [...standbys, ...(home ? [cluster] : [])].sort();
          expect(backends).toEqual(
            expected.map((to) =>
              to === cluster
                ? { cluster, service: "web", weight: 999 }
                : { cluster: to, service: `web-${to}`, weight: 1 },
            ),
          );
          expect(backends.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
    expect(tried).toBeGreaterThan(20);
  });

  it("keeps its route, by the same name, while its standbys go and come back", () => {
    const names = (evacuated: readonly string[]) =>
      plan({ services: [service()], evacuated }).routes.flatMap((route) =>
        routeObjects(route).map(({ metadata }) => [route.cluster, metadata.name]),
      );
    fc.assert(
      fc.property(fc.subarray(CLUSTERS, { maxLength: 3 }), (evacuated) => {
        expect(names(evacuated)).toEqual(CLUSTERS.map((cluster) => [cluster, "fleet.web.80"]));
      }),
    );
  });

  it("leaves it when it fails, and sends again what fails, unless the stack file says how", () => {
    const told = (more: Partial<ServiceInput>) => {
      const { routes, exports } = plan({ services: [service({ in: ["a", "b"], ...more })] });
      return { route: routes[0]?.annotations, service: exports[0]?.annotations };
    };
    const accrual = {
      "balancer.linkerd.io/failure-accrual": "consecutive",
      "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "7",
      "balancer.linkerd.io/failure-accrual-consecutive-min-penalty": "1s",
      "balancer.linkerd.io/failure-accrual-consecutive-max-penalty": "60s",
    };
    expect(told({})).toEqual({
      route: {
        "retry.linkerd.io/limit": "3",
        "retry.linkerd.io/http": "5xx",
        "retry.linkerd.io/timeout": "400ms",
      },
      service: accrual,
    });
    expect(told({ retries: { limit: 1, timeout: "2s" }, failureAccrual: { maxFailures: 3 } })).toEqual({
      route: undefined,
      service: {
        ...accrual,
        "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "3",
        "retry.linkerd.io/limit": "1",
        "retry.linkerd.io/http": "5xx",
        "retry.linkerd.io/timeout": "2s",
      },
    });
    expect(told({ retries: { limit: 0 } })).toEqual({ route: undefined, service: accrual });
  });

  it("may be federated as well: all that lists the Service says the same to callers", () => {
    const federated = service({ mode: "federated", traffic: [] });
    const { exports, routes } = plan({ services: [service({ in: ["a", "b"] }), federated] });
    expect(new Set(exports.map(({ annotations }) => JSON.stringify(annotations))).size).toBe(1);
    expect(routes.map(({ cluster }) => cluster)).toEqual(["a", "b"]);
  });

  it("turns to one through a gateway that does not turn back", () => {
    const gateway: Partial<ServiceInput> = { mode: "gateway", allow: [], allowGateway: true };
    const traffic = (...from: string[]) => ({ port: 80, prefer: "local" as const, from });
    const { problems } = parseFleetConfig(
      stack(fleet({ services: [service({ ...gateway, traffic: traffic("a", "b") })] })),
    );
    expect(problems?.map(({ path }) => path)).toEqual(["services[0].traffic.prefer"]);
    const oneWay = service({ ...gateway, traffic: traffic("a") });
    expect(plan({ services: [oneWay] }).routes).toMatchObject([{ cluster: "a" }]);
  });

  it("has one entry for each port where it has several", () => {
    const traffic = [
      { port: 80, prefer: "local" as const },
      { port: 81, from: ["a"], weights: { a: 1, b: 1 } },
    ];
    const { routes } = plan({ services: [service({ in: ["a", "b"], traffic })] });
    expect(routes.map(({ cluster, port }) => [cluster, port])).toEqual([
      ["a", 80],
      ["a", 81],
      ["b", 80],
    ]);
    expect(routes[1]).not.toHaveProperty("annotations");
  });
});
