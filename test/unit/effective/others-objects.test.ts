import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
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
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { compareAccess, identity, type Raw } from "../../../testing/effective";
import {
  clusterFrom,
  type Lists,
  networkOf,
  plannedClusters,
  plannedObjects,
} from "../../../testing/effectiveFleet";

const plans = fleetInputs({ maxClusters: 4 }).map((input) => planFleet(configOf(input)));

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
