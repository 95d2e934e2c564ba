import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { federatedViews } from "../../../fleet/exports/federation";
import { multiclusterValues } from "../../../fleet/linkerd/values";
import { describeServices } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { callAnnotations } from "../../../fleet/traffic/plan";
import { configOf, type FleetInput, stack } from "../../../testing/arbitraries";
import { CLUSTERS, meshOfFour, service } from "../../../testing/meshOfFour";

const plan = (input: FleetInput) => planFleet(configOf(input));

/** A flat service with weights, and some clusters of it evacuated, of which others keep weight. */
const divided = fc
  .subarray(CLUSTERS, { minLength: 2 })
  .chain((members) =>
    fc.record({
      members: fc.constant(members),
      weights: fc.tuple(...members.map((name) => fc.tuple(fc.constant(name), fc.nat({ max: 3 })))),
      evacuated: fc.subarray(members, { maxLength: members.length - 1 }),
    }),
  )
  .map(({ members, weights, evacuated }) => ({ members, weights: Object.fromEntries(weights), evacuated }))
  .filter(({ weights, evacuated }) =>
    Object.entries(weights).some(([name, weight]) => weight > 0 && !evacuated.includes(name)),
  );

describe("weights", () => {
  it("become, for each cluster's callers, shares of its own Service and of the others' mirrors", () => {
    fc.assert(
      fc.property(divided, ({ members, weights, evacuated }) => {
        const { routes } = plan(
          meshOfFour([service({ in: members, traffic: [{ port: 80, weights }] })], evacuated),
        );
        expect(routes.map(({ cluster }) => cluster)).toEqual(members);
        for (const { cluster, backends, ...rest } of routes) {
          expect(rest).toEqual({ namespace: "shop", name: "web", port: 80 });
          expect(backends).toEqual(
            members
              .filter((name) => !evacuated.includes(name))
              .map((name) => ({
                cluster: name,
                service: name === cluster ? "web" : `web-${name}`,
                weight: weights[name],
              })),
          );
        }
      }),
    );
  });

  it("hold for the callers of the named clusters only", () => {
    const traffic = [{ port: 80, from: ["a"], weights: { a: 1, b: 1 } }];
    expect(plan(meshOfFour([service({ traffic })])).routes).toMatchObject([{ cluster: "a" }]);
  });

  it("leave out a cluster whose link is draining, and one that is drained", () => {
    const traffic = [{ port: 80, from: ["a"], weights: { a: 1, b: 1, c: 1, d: 1 } }];
    const input = meshOfFour([service({ traffic })]);
    if (input.clusters.d) input.clusters.d.state = "draining";
    input.topology = { kind: "mesh", links: [{ source: "a", target: "b", state: "draining" }] };
    expect(plan(input).routes[0]?.backends.map(({ cluster }) => cluster)).toEqual(["a", "c"]);
  });

  it("may lead on through gateways as long as no way ends where it began", () => {
    const traffic = [
      { port: 80, from: ["a"], weights: { a: 1, b: 1 } },
      { port: 80, from: ["b"], weights: { b: 1, c: 1 } },
    ];
    const through = service({ mode: "gateway", allowGateway: true, traffic });
    expect(plan(meshOfFour([through])).routes).toHaveLength(2);
    const round = { ...through, traffic: [...traffic, { port: 80, from: ["c"], weights: { c: 1, a: 1 } }] };
    const { problems } = parseFleetConfig(stack(meshOfFour([round])));
    expect(problems?.map(({ path }) => path)).toEqual(["services[0].traffic[0].weights.b"]);
  });
});

describe("evacuating a cluster", () => {
  it("takes its members out of every service and changes nothing else but the shares it had", () => {
    fc.assert(
      fc.property(divided, ({ members, weights, evacuated }) => {
        const services = [
          service({ in: members, traffic: [{ port: 80, weights }] }),
          service({ name: "api", mode: "federated", in: CLUSTERS }),
        ];
        const [before, after] = [plan(meshOfFour(services)), plan(meshOfFour(services, evacuated))];
        for (const part of ["trust", "clusters", "accesses", "links", "grants"] as const) {
          expect(after[part]).toEqual(before[part]);
        }
        const gone = (cluster: string) => evacuated.includes(cluster);
        expect(after.exports).toEqual(
          before.exports.map((one) => ({ ...one, evacuated: gone(one.cluster) })),
        );
        expect(after.routes).toEqual(
          before.routes.map((route) => ({
            ...route,
            backends: route.backends.filter(({ cluster }) => !gone(cluster)),
          })),
        );
      }),
    );
  });

  it("is refused if, and only if, it leaves a service with no member", () => {
    const some = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("web", "api"),
        mode: fc.constantFrom("flat" as const, "federated" as const),
        in: fc.subarray(CLUSTERS, { minLength: 1 }),
      }),
      { selector: ({ name, mode }) => `${name}/${mode}`, maxLength: 4 },
    );
    fc.assert(
      fc.property(some, fc.subarray(CLUSTERS), (services, evacuated) => {
        const input = meshOfFour(
          services.map((one) => service(one)),
          evacuated,
        );
        const bereft = services.filter((one) => one.in.every((name) => evacuated.includes(name)));
        const { problems = [] } = parseFleetConfig(stack(input));
        expect([...new Set(problems.map(({ path }) => path))].sort()).toEqual(
          [...new Set(bereft.flatMap((one) => one.in.map((name) => `clusters.${name}.evacuate`)))].sort(),
        );
        for (const { name, mode } of bereft) {
          expect(problems.map(({ problem }) => problem)).toContain(
            `leaves the service shop/${name} (${mode}) with no member`,
          );
        }
      }),
    );
  });

  it("is refused if, and only if, it leaves callers of some cluster with nobody they are linked to", () => {
    const pairs = CLUSTERS.flatMap((source) => CLUSTERS.map((target) => ({ source, target }))).filter(
      ({ source, target }) => source !== target,
    );
    const links = fc.subarray(pairs).chain((some) =>
      fc.tuple(
        ...some.map((pair) =>
          fc.record({
            ...{ source: fc.constant(pair.source), target: fc.constant(pair.target) },
            state: fc.constantFrom<("active" | "draining")[]>("active", "draining"),
            modes: fc.constantFrom<("flat" | "federated")[]>(["flat"], ["flat", "federated"]),
          }),
        ),
      ),
    );
    const members = fc.subarray(CLUSTERS, { minLength: 1 });
    const mode = fc.constantFrom("flat" as const, "federated" as const);
    fc.assert(
      fc.property(links, members, mode, fc.subarray(CLUSTERS), (links, members, mode, evacuated) => {
        const input = meshOfFour([service({ mode, in: members })], evacuated);
        input.topology = { kind: "links", links };
        const told = (parseFleetConfig(stack(input)).problems ?? []).filter(({ path }) =>
          path.endsWith(".evacuate"),
        );
        const left = members.filter((name) => !evacuated.includes(name));
        const reached = (source: string) =>
          links
            .filter((link) => link.source === source && link.state === "active")
            .filter((link) => link.modes.some((one) => one === mode) && members.includes(link.target))
            .map(({ target }) => target);
        const lost = CLUSTERS.flatMap((source) => {
          const before = reached(source);
          return before.some((to) => left.includes(to)) || left.includes(source) ? [] : before;
        });
        const gone = left.length === 0 ? members : lost;
        expect([...new Set(told.map(({ path }) => path))].sort()).toEqual(
          [...new Set(gone.map((name) => `clusters.${name}.evacuate`))].sort(),
        );
      }),
    );
  });

  it("shows in the outputs, which tell for each service the clusters that serve it", () => {
    const services = [service({ mode: "federated", in: ["a", "b", "c"] })];
    const evacuated = plan(meshOfFour(services, ["b"]));
    expect(describeServices(evacuated, federatedViews(evacuated))).toMatchObject([
      {
        name: "web",
        clusters: ["a", "c"],
        evacuated: ["b"],
        sourceOfTruth: { a: ["a", "c"], b: ["a", "c"], c: ["a", "c"], d: ["a", "c"] },
      },
    ]);
  });
});

describe("what callers are told", () => {
  it("stands on the Service in Linkerd's words", () => {
    const config = configOf(
      meshOfFour([
        service({
          failureAccrual: { maxFailures: 3 },
          timeouts: { request: "5s", idle: "1m" },
          retries: { http: ["gateway-error", "429"], grpc: ["unavailable"], timeout: "300ms" },
        }),
      ]),
    );
    const [one] = config.services;
    expect(one && callAnnotations(one)).toEqual({
      "balancer.linkerd.io/failure-accrual": "consecutive",
      "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "3",
      "balancer.linkerd.io/failure-accrual-consecutive-min-penalty": "1s",
      "balancer.linkerd.io/failure-accrual-consecutive-max-penalty": "60s",
      "timeout.linkerd.io/request": "5s",
      "timeout.linkerd.io/idle": "1m",
      "retry.linkerd.io/limit": "1",
      "retry.linkerd.io/http": "gateway-error,429",
      "retry.linkerd.io/grpc": "unavailable",
      "retry.linkerd.io/timeout": "300ms",
    });
  });

  it("is nothing where nothing is declared", () => {
    expect(plan(meshOfFour([service({})])).exports.map(({ annotations }) => annotations)).toEqual(
      CLUSTERS.map(() => ({})),
    );
  });
});

describe("headless services", () => {
  const headless = (mode: "gateway" | "flat"): Plan =>
    plan(meshOfFour([service({ mode, in: ["b"], headless: true, allowGateway: mode === "gateway" })]));
  const enabled = (of: Plan) =>
    of.clusters.flatMap((cluster) =>
      (multiclusterValues(cluster).controllers as Record<string, unknown>[])
        .filter(({ enableHeadlessServices }) => enableHeadlessServices)
        .map(({ link }) => `${cluster.name} ${JSON.stringify(link)}`),
    );

  it("are mirrored pod by pod where they cross through a gateway, by the service mirrors of their cluster alone", () => {
    const link = '{"ref":{"name":"b"}}';
    expect(enabled(headless("gateway"))).toEqual([`a ${link}`, `c ${link}`, `d ${link}`]);
  });

  it("are left to be mirrored as one Service where they are flat", () => {
    expect(enabled(headless("flat"))).toEqual([]);
  });
});

it("namespaces of mirrors are made only where asked for", () => {
  const input = meshOfFour([]);
  if (input.clusters.b) input.clusters.b.createNamespaces = true;
  const made = plan(input).clusters.filter((cluster) => multiclusterValues(cluster).enableNamespaceCreation);
  expect(made.map(({ name }) => name)).toEqual(["b"]);
});
