import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ownValues } from "../../../fleet/config/fleetFile";
import { map } from "../../../fleet/config/json";
import { parseFleetConfig } from "../../../fleet/config/parse";
import type { Cluster } from "../../../fleet/effective/cluster";
import {
  type Caller,
  type DeclaredPort,
  declaredAccess,
  isDeclared,
} from "../../../fleet/effective/declared";
import type { Request } from "../../../fleet/effective/inbound";
import {
  mostClosed,
  mostOpen,
  podsOf,
  reach,
  reachThroughGateway,
  serviceOf,
} from "../../../fleet/effective/reach";
import { coverageGaps } from "../../../fleet/grants/coverage";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { blocksOf } from "../../../testing/documents";
import { compareAccess, identity, type Raw } from "../../../testing/effective";
import {
  clusterFrom,
  type Lists,
  networkOf,
  plannedClusters,
  plannedObjects,
} from "../../../testing/effectiveFleet";

const plans = fleetInputs({ maxClusters: 4 }).map((input) => planFleet(configOf(input)));

describe("the objects of any fleet", () => {
  test("let through what the stack file declares, and nothing else", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(compareAccess(plan, plannedClusters(plan))).toEqual([]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  const spare = fc.uniqueArray(fc.constantFrom(9090, 9999), { minLength: 1 });
  test("leave a port that nobody declared open, and that is told before its export opens", () => {
    let open = 0;
    fc.assert(
      fc.property(plans, spare, fc.boolean(), (plan, ports, isLed) => {
        const clusters = new Map(
          plan.clusters.map((planned) => {
            const lists = plannedObjects(plan, planned, networkOf(planned), ports);
            const services = isLed ? lists.services.map((one) => leadingTo(one, ports)) : lists.services;
            return [planned.name, { planned, lists: { ...lists, services } }] as const;
          }),
        );
        const live = (of: (lists: Lists) => Raw) =>
          new Map([...clusters].map(([name, { planned, lists }]) => [name, clusterFrom(of(lists), planned)]));
        const told = [...live(({ services, pods }) => ({ services, pods })).values()].flatMap((cluster) =>
          coverageGaps(plan, cluster),
        );
        expect(told.every(({ kind, opens }) => kind === "undeclared" && opens)).toBe(true);
        const differences = compareAccess(
          plan,
          live((lists) => lists),
        );
        for (const { kind, cluster, namespace, name, port } of differences) {
          open += 1;
          expect(kind).toBe("open");
          expect(ports).toContain(port);
          const of = { cluster, namespace, name };
          expect(told).toContainEqual(
            expect.objectContaining({
              grant: expect.objectContaining(of),
              problem: expect.stringContaining(` port ${port}`),
            }),
          );
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
    expect(open).toBeGreaterThan(30);
  });

  function leadingTo(service: object, ports: readonly number[]): object {
    const { spec, ...rest } = service as { spec: { ports: object[] } };
    const more = ports.map((port) => ({ name: `spare-${port}`, port }));
    return { ...rest, spec: { ...spec, ports: [...spec.ports, ...more] } };
  }
});

describe("an object of somebody else in any fleet", () => {
  const EVIL = identity("evil", "evil");
  const meta = (namespace: string, rest: object = {}) => ({ name: "planted", namespace, ...rest });
  const ages = fc.constantFrom("2020-01-01T00:00:00Z", "2026-12-01T00:00:00Z");
  const refs = fc.constantFrom(
    [],
    [{ group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name: "planted" }],
    [{ group: "policy.linkerd.io", kind: "NetworkAuthentication", name: "planted" }],
    [{ kind: "ServiceAccount", namespace: "evil", name: "evil" }],
  );
  /** What the planted policies ask for; alone it does nothing. */
  const asked = (namespace: string): Raw => ({
    meshTlsAuthentications: [{ metadata: meta(namespace), spec: { identities: [EVIL] } }],
    networkAuthentications: [{ metadata: meta(namespace), spec: { networks: [{ cidr: "10.0.0.0/8" }] } }],
  });

  interface Plant {
    readonly objects: Raw;
    /** Changes each pod behind the service. */
    readonly pod?: (pod: PodObject) => PodObject;
    /** Whether a difference that names this object names the plant. */
    readonly isNamed: (object: string) => boolean;
  }
  type PodObject = { metadata: { labels: object; annotations?: object }; spec: { containers: object[] } };

  const planted = (object: string) => object.endsWith("/planted");
  const plantFor = ({ namespace, name, port }: DeclaredPort, pods: Readonly<Record<string, string>>) => {
    const server = `fleet.${name}.${port}`;
    const target = fc.constantFrom(
      { group: "policy.linkerd.io", kind: "Server", name: server },
      { group: "policy.linkerd.io", kind: "server", name: server },
      { group: "policy.linkerd.io", kind: "Server", name: server.toUpperCase() },
      { kind: "Namespace", name: namespace },
      { group: "policy.linkerd.io", kind: "HTTPRoute", name: "nothing" },
    );
    const selector = fc.constantFrom<object>(
      { matchLabels: pods },
      {},
      { matchExpressions: [{ key: "app", operator: "Exists" }] },
      { matchLabels: { app: "nobody" } },
    );
    const servers = fc
      .record({
        creationTimestamp: ages,
        podSelector: selector,
        accessPolicy: fc.constantFrom("deny", "all-unauthenticated", "all-authenticated", "audit"),
        proxyProtocol: fc.constantFrom("unknown", "HTTP/1", "opaque"),
      })
      .map(
        ({ creationTimestamp, ...spec }): Plant => ({
          objects: {
            servers: [{ metadata: meta(namespace, { creationTimestamp }), spec: { port, ...spec } }],
          },
          isNamed: planted,
        }),
      );
    const policies = fc.record({ target, refs }).map(
      ({ target, refs }): Plant => ({
        objects: {
          ...asked(namespace),
          authorizationPolicies: [
            { metadata: meta(namespace), spec: { targetRef: target, requiredAuthenticationRefs: refs } },
          ],
        },
        isNamed: planted,
      }),
    );
    const older = fc
      .record({
        server: fc.constantFrom<object>(
          { name: server },
          { selector: {} },
          { selector: { matchLabels: { "linkerd-fleet/service": name } } },
          { name: "nothing" },
        ),
        client: fc.constantFrom<object>(
          { unauthenticated: true },
          { unauthenticated: true, networks: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/9"] }] },
          { meshTLS: { identities: ["*"] } },
        ),
      })
      .map(
        (spec): Plant => ({
          objects: { serverAuthorizations: [{ metadata: meta(namespace), spec }] },
          isNamed: planted,
        }),
      );
    const routes = fc
      .record({
        kind: fc.constantFrom(
          "policyHttpRoutes" as const,
          "gatewayHttpRoutes" as const,
          "grpcRoutes" as const,
        ),
        creationTimestamp: ages,
        path: fc.constantFrom("/", "/orders"),
      })
      .map(
        ({ kind, creationTimestamp, path }): Plant => ({
          objects: {
            [kind]: [
              {
                metadata: meta(namespace, { creationTimestamp }),
                spec: {
                  parentRefs: [{ group: "policy.linkerd.io", kind: "Server", name: server }],
                  rules: [kind === "grpcRoutes" ? {} : { matches: [{ path: { value: path } }] }],
                },
              },
            ],
          },
          isNamed: planted,
        }),
      );
    const annotation = (annotations: object) => (pod: PodObject) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations },
    });
    const changes = fc
      .constantFrom<(pod: PodObject) => PodObject>(
        annotation({ "config.linkerd.io/skip-inbound-ports": "1-65535" }),
        annotation({ "config.linkerd.io/skip-inbound-ports": "22" }),
        annotation({ "config.linkerd.io/default-inbound-policy": "all-unauthenticated" }),
        annotation({
          "config.linkerd.io/proxy-additional-env": JSON.stringify([
            { name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "svc.cluster.local." },
          ]),
        }),
        (pod) => ({ ...pod, spec: { ...pod.spec, hostNetwork: true } }),
        (pod) => ({ ...pod, spec: { ...pod.spec, containers: pod.spec.containers.slice(0, 1) } }),
      )
      .map((pod): Plant => ({ objects: {}, pod, isNamed: (object) => object.startsWith("Pod ") }));
    return fc.oneof(servers, policies, older, routes, changes);
  };

  const cases = plans
    .filter((plan) => plan.grants.length > 0)
    .chain((plan) =>
      fc.constantFrom(...declaredAccess(plan)).chain((port) => {
        const pods = plan.grants.find((one) => one.cluster === port.cluster && one.name === port.name)?.pods;
        return plantFor(port, pods ?? { app: port.name }).map((plant) => ({ plan, port, plant }));
      }),
    );

  test("is harmless or named", () => {
    let harmful = 0;
    fc.assert(
      fc.property(cases, ({ plan, port, plant }) => {
        const clusters = plannedClusters(plan);
        const cluster = plan.clusters.find(({ name }) => name === port.cluster);
        if (!cluster) throw new Error("no cluster");
        const spoilt = clusterFrom(
          grown(plannedObjects(plan, cluster, networkOf(cluster)), port, plant),
          cluster,
        );
        clusters.set(cluster.name, spoilt);
        if (!isSpoilt(plan, spoilt)) return;
        harmful += 1;
        const differences = compareAccess(plan, clusters);
        expect(differences.some(({ by }) => by.some(plant.isNamed))).toBe(true);
      }),
      { numRuns: 120, endOnFailure: true },
    );
    expect(harmful).toBeGreaterThan(30);
  });

  function grown(lists: Lists, { namespace, name }: DeclaredPort, { objects, pod }: Plant): Raw {
    const more = Object.fromEntries(
      Object.entries(lists).map(([kind, of]) => [kind, [...of, ...(objects[kind as keyof Raw] ?? [])]]),
    ) as unknown as Lists;
    const isBehind = (of: object) => {
      const { metadata } = of as { metadata: { name: string; namespace: string } };
      return metadata.namespace === namespace && metadata.name === name;
    };
    return { ...more, pods: more.pods.map((of) => (pod && isBehind(of) ? pod(of as PodObject) : of)) };
  }

  /** Whether, for some plain callers and requests, a cluster lets through another thing than what is declared. */
  function isSpoilt(plan: Plan, cluster: Cluster): boolean {
    const requests: Request[] = ["/", "/orders", "/orders/7"].flatMap((path) =>
      ["GET", "POST"].map((method) => ({ method, path })),
    );
    const own = plan.clusters.find(({ name }) => name === cluster.name);
    const neighbour = plan.clusters.find(
      ({ name, network }) => name !== cluster.name && network !== undefined && network === own?.network,
    );
    return declaredAccess(plan)
      .filter((port) => port.cluster === cluster.name)
      .some((port) => {
        const service = serviceOf(cluster, port);
        if (!service) return false;
        const pods = podsOf(cluster, service);
        const identities = [undefined, EVIL, ...port.callers.filter((one) => !one.startsWith("*"))];
        const callers = identities.flatMap((identity): Caller[] => {
          const who = { ...(identity === undefined ? {} : { identity }), throughGateway: false };
          const at = own ? networkOf(own) : 0;
          return [
            { ...who, address: `10.${at}.0.9`, isLocal: true },
            ...(neighbour ? [{ ...who, address: `10.${networkOf(neighbour)}.0.9`, isLocal: false }] : []),
            // A gateway refuses itself.
            ...(own?.gateway.enabled && identity === own.gateway.identity
              ? []
              : [{ ...who, address: "192.0.2.7", isLocal: false, throughGateway: true }]),
          ];
        });
        return callers.some((caller) =>
          requests.some((request) => {
            const found = caller.throughGateway
              ? reachThroughGateway(cluster, service, port.port, caller, request)
              : reach(cluster, pods, port.port, caller, request);
            const declared = isDeclared(port, caller, request);
            const { outcome } = declared ? mostClosed(found) : mostOpen(found);
            return outcome !== (declared ? "allowed" : "denied");
          }),
        );
      });
  }
});

describe("the first example of README.md", () => {
  const [block] = blocksOf("README.md");
  const { config } = parseFleetConfig({
    values: ownValues(map(map(parse(block?.text ?? "")).config)),
    secretKeys: new Set(),
  });
  if (!config) throw new Error("no stack file");
  const plan = planFleet(config);
  const numbers: Readonly<Record<string, number>> = { "prod-us": 1, "prod-eu": 2, "prod-apac": 3 };
  const clusters = new Map(
    plan.clusters.map((cluster) => [
      cluster.name,
      clusterFrom(plannedObjects(plan, cluster, numbers[cluster.name] ?? 0), cluster),
    ]),
  );
  const WEB = { identity: identity("web"), address: "10.2.0.9", isLocal: false, throughGateway: false };
  const ask = (cluster: string, name: string, namespace: string, caller: Caller) => {
    const target = clusters.get(cluster);
    const service = target && serviceOf(target, { namespace, name });
    if (!target || !service) throw new Error(`no ${namespace}/${name}`);
    const request = { method: "GET", path: "/" };
    const found = caller.throughGateway
      ? reachThroughGateway(target, service, "http", caller, request)
      : reach(target, podsOf(target, service), "http", caller, request);
    return mostOpen(found).outcome;
  };

  test("is closed to whom it does not name", () => {
    expect(compareAccess(plan, clusters)).toEqual([]);
    expect(ask("prod-us", "checkout", "shop", WEB)).toBe("allowed");
    expect(ask("prod-us", "checkout", "shop", { ...WEB, identity: identity("batch") })).toBe("denied");
    expect(ask("prod-us", "checkout", "shop", { ...WEB, throughGateway: true })).toBe("denied");
    expect(ask("prod-apac", "reports", "bi", { ...WEB, throughGateway: true })).toBe("allowed");
  });

  test.each([
    ["prod-us", "checkout", "shop"],
    ["prod-apac", "reports", "bi"],
  ])(
    "is closed in %s to unmeshed callers of other clusters on each way that there is (%s)",
    (cluster, name, namespace) => {
      const unmeshed = { address: WEB.address, isLocal: false, throughGateway: false };
      const { network } = plan.clusters.find((one) => one.name === cluster) ?? {};
      // Pods of other networks do not reach its pods.
      const isShared = plan.clusters.some(
        (one) => one.name !== cluster && network && one.network === network,
      );
      if (isShared) expect(ask(cluster, name, namespace, unmeshed)).toBe("denied");
      expect(ask(cluster, name, namespace, { ...unmeshed, throughGateway: true })).toBe("denied");
      // Its own callers keep what they had.
      const at = numbers[cluster] ?? 0;
      expect(ask(cluster, name, namespace, { ...unmeshed, address: `10.${at}.0.9`, isLocal: true })).toBe(
        "allowed",
      );
    },
  );

  test("was open through the gateway that forwards to everything", () => {
    const open = {
      ...plan,
      clusters: plan.clusters.map((cluster) => {
        const { gateway } = cluster;
        return gateway.enabled
          ? { ...cluster, gateway: { ...gateway, forwardsTo: "any" as const } }
          : cluster;
      }),
    };
    const [us] = open.clusters.filter(({ name }) => name === "prod-us");
    if (!us) throw new Error("no prod-us");
    const found = compareAccess(plan, new Map([["prod-us", clusterFrom(plannedObjects(open, us, 1), us)]]));
    expect(found.map(({ kind, name }) => [kind, name])).toContainEqual(["open", "checkout"]);
  });
});
