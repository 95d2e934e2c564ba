import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accessScope } from "../../../fleet/access/role";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { fleetConfig } from "../../../fleet/config/fleetConfig";
import { isMap } from "../../../fleet/config/json";
import { accessName, credentialsName, exportKey, mirrorServiceName } from "../../../fleet/config/names";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";

const plan = (input: FleetInput): Plan => planFleet(configOf(input));
const link = ({ source, target }: { readonly source: string; readonly target: string }) =>
  `${source}>${target}`;

function anyPlan(check: (plan: Plan, input: FleetInput) => void): void {
  fc.assert(
    fc.property(fleetInputs(), (input) => check(plan(input), input)),
    { numRuns: 80 },
  );
}

/** The same value with the keys of all maps in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, reversed(item)])
      .toReversed(),
  );
}

describe("the plan of a fleet", () => {
  it("does not depend on the order of keys, services, links and exporting clusters", () => {
    anyPlan((planned, input) => {
      const { topology, services, ...rest } = input;
      const turned = reversed({
        ...rest,
        topology: { ...topology, links: topology?.links?.toReversed() },
        services: services?.toReversed().map((service) => ({ ...service, in: service.in.toReversed() })),
      });
      expect(JSON.stringify(plan(turned as FleetInput))).toBe(JSON.stringify(planned));
    });
  });

  it("names everything validly, and nothing twice", () => {
    anyPlan(({ clusters, links, accesses, exports }) => {
      const mirrors = exports.flatMap(({ cluster, namespace, name, modes }) =>
        modes.some((mode) => mode !== "federated")
          ? [`${namespace}/${mirrorServiceName(name, cluster)}`]
          : [],
      );
      const names = {
        clusters: clusters.map(({ name }) => name),
        links: links.map(link),
        accesses: accesses.map(({ serviceAccount, target }) => `${target}/${serviceAccount}`),
        credentials: links.map(({ source, target }) => `${source}/${credentialsName(target)}`),
        mirrors,
        exports: exports.map(exportKey),
      };
      for (const [what, all] of Object.entries(names)) {
        expect(new Set(all).size, what).toBe(all.length);
        for (const name of all.map((one) => one.split(/[/>]/).at(-1) ?? "")) {
          expect(name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
          expect(name.length).toBeLessThanOrEqual(what === "accesses" || what === "credentials" ? 253 : 63);
        }
      }
    });
  });

  it("grants one access for each link, named after its source", () => {
    anyPlan(({ links, accesses }) => {
      expect(accesses).toEqual(
        links.map(({ source, target, modes }) => ({
          ...{ source, target, serviceAccount: accessName(source), scope: accessScope(modes) },
          ...{ generation: 1, tokens: [1], confirmed: true },
        })),
      );
    });
  });

  it("runs one controller for each outgoing link, which probes the target's gateway if the link uses it", () => {
    anyPlan(({ clusters, links }) => {
      for (const { name, controllers } of clusters) {
        const outgoing = links.filter(({ source }) => source === name);
        expect(controllers.map(({ target }) => target)).toEqual(outgoing.map(({ target }) => target));
        for (const { target, modes } of outgoing) {
          const gateway = clusters.find((cluster) => cluster.name === target)?.gateway;
          const expected = gateway?.enabled && modes.includes("gateway") ? gateway.probePort : undefined;
          expect(controllers.find((controller) => controller.target === target)?.probePort).toBe(expected);
        }
      }
    });
  });

  it("puts each cluster into its own trust domain, or that of the fleet, and its gateway's identity too", () => {
    anyPlan(({ clusters }, { clusters: inputs, trust }) => {
      for (const { name, trustDomain, gateway } of clusters) {
        expect(trustDomain).toBe(inputs[name]?.trustDomain ?? trust.domain ?? "cluster.local");
        if (gateway.enabled) {
          const runsAs =
            gateway.kind === "emissary"
              ? `${gateway.config.serviceAccount}.${gateway.config.namespace}`
              : "linkerd-gateway.linkerd-multicluster";
          expect(gateway.identity).toBe(`${runsAs}.serviceaccount.identity.linkerd.${trustDomain}`);
        }
      }
    });
  });

  it("reaches a gateway where its kind is: a fixed address with its ports, else the Service's with its own", () => {
    anyPlan(({ clusters }) => {
      for (const { gateway } of clusters) {
        if (!gateway.enabled) continue;
        const { config, addresses, port, probePort } = gateway;
        if ("address" in config && config.address) {
          expect([addresses, port, probePort]).toEqual([
            config.address,
            config.port ?? 4143,
            config.probePort ?? 4191,
          ]);
        } else {
          expect(["loadBalancer", "emissary"]).toContain(config.type);
          expect([addresses, port, probePort]).toEqual([undefined, 4143, 4191]);
        }
      }
    });
  });

  it("lets an Emissary gateway take the meshed pods of the clusters whose links use it, unless callers are named", () => {
    anyPlan(({ clusters, links }) => {
      for (const { name, gateway } of clusters) {
        if (!gateway.enabled || gateway.kind !== "emissary") continue;
        const sources = links
          .filter(({ target, modes }) => target === name && modes.includes("gateway"))
          .map(({ source }) => clusters.find((cluster) => cluster.name === source)?.trustDomain);
        const meshed = [...new Set(sources.map((domain) => `*.identity.linkerd.${domain}`))].sort();
        expect(gateway.callers).toEqual(gateway.config.allowedIdentities ?? meshed);
        expect(gateway.networks).toEqual(gateway.config.allowedNetworks ?? ["0.0.0.0/0", "::/0"]);
      }
    });
  });

  it("lets a gateway service be called by the gateway that its cluster has", () => {
    anyPlan(({ clusters, exports, grants }) => {
      for (const { cluster, namespace, name, modes } of exports) {
        if (!modes.includes("gateway")) continue;
        const gateway = clusters.find((one) => one.name === cluster)?.gateway;
        const grant = grants.find(
          (one) => one.cluster === cluster && one.namespace === namespace && one.name === name,
        );
        for (const { callers } of grant?.ports ?? []) {
          expect(callers).toContain(gateway?.enabled && gateway.identity);
        }
      }
    });
  });

  it("exports each listed service from each of its clusters, and nothing else", () => {
    anyPlan(({ exports }, { services = [] }) => {
      const listed = services.flatMap(({ name, namespace, in: clusters }) =>
        clusters.map((cluster) => exportKey({ cluster, namespace, name })),
      );
      expect(exports.map(exportKey)).toEqual(listed.toSorted((a, b) => (a < b ? -1 : 1)));
    });
  });

  it("merges the modes of a service that is listed more than once", () => {
    const input: FleetInput = {
      linkerd: { version: "2026.8.3" },
      trust: { anchors: [{ id: "2026", state: "active" }] },
      clusters: {
        a: { context: "a", network: "n", apiServer: "https://a", podNetworks: ["10.1.0.0/16"] },
        b: { context: "b", network: "n", apiServer: "https://b", podNetworks: ["10.2.0.0/16"] },
      },
      services: [
        { name: "web", namespace: "shop", mode: "federated", in: ["a", "b"], ports: [80] },
        { name: "web", namespace: "shop", mode: "gateway", in: ["a"], ports: [80], allowGateway: true },
      ],
    };
    expect(plan(input).exports).toMatchObject([
      { cluster: "a", namespace: "shop", name: "web", modes: ["gateway", "federated"] },
      { cluster: "b", namespace: "shop", name: "web", modes: ["federated"] },
    ]);
  });
});

describe("one cluster more", () => {
  it("only adds, and one less only removes, but for what other clusters hold of their links to it", () => {
    const grown = fleetInputs({ kinds: ["mesh", "hub", "islands"], minClusters: 2 }).map((input) => {
      const names = Object.keys(input.clusters);
      const { topology } = input;
      const gone = names.find((name) => topology?.kind !== "hub" || topology.hub !== name) ?? "";
      return { input, gone };
    });
    fc.assert(
      fc.property(grown, ({ input, gone }) => {
        const large = plan(input);
        // What only the cluster that went was linked to reaches nobody now: no rule is asked, only the plan.
        const small = planFleet(fleetConfig.parse(without(input, gone)));
        const keep = ({ source, target }: { source: string; target: string }) =>
          source !== gone && target !== gone;
        expect(large.trust).toEqual(small.trust);
        expect(large.links.filter(keep)).toEqual(small.links);
        expect(large.accesses.filter(keep)).toEqual(small.accesses);
        expect(large.exports.filter(({ cluster }) => cluster !== gone)).toEqual(small.exports);
        const others = large.clusters
          .filter(({ name }) => name !== gone)
          .map((cluster) => ({
            ...cluster,
            controllers: cluster.controllers.filter(({ target }) => target !== gone),
          }));
        expect(others.map(uncalled)).toEqual(small.clusters.map(uncalled));
        others.forEach((cluster, at) => {
          expect(callers(cluster)).toEqual(expect.arrayContaining([...callers(small.clusters[at])]));
        });
      }),
      { numRuns: 80 },
    );
  });
});

/** Whom an Emissary gateway takes: the meshed pods of the clusters that are linked to it. */
function callers(cluster: ClusterPlan | undefined): readonly string[] {
  return cluster?.gateway.enabled && cluster.gateway.kind === "emissary" ? cluster.gateway.callers : [];
}

function uncalled(cluster: ClusterPlan): object {
  return { ...cluster, gateway: { ...cluster.gateway, callers: [] } };
}

/** The fleet without one cluster and all that names it. */
function without({ clusters, topology, ...input }: FleetInput, gone: string): FleetInput {
  const links = (topology?.links ?? []).filter(({ source, target }) => source !== gone && target !== gone);
  const rest = Object.fromEntries(Object.entries(clusters).filter(([name]) => name !== gone));
  const services = (input.services ?? [])
    .map((service) => ({ ...service, in: service.in.filter((name) => name !== gone) }))
    .filter((service) => service.in.length > 0);
  return {
    ...input,
    clusters: rest,
    topology:
      topology?.kind === "islands"
        ? { ...topology, links, bridges: (topology.bridges ?? []).filter((bridge) => !bridge.includes(gone)) }
        : { kind: "mesh", ...topology, links },
    services,
  };
}
