import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LinkPlan, planLinks, shareNetwork, type TopologyCluster } from "../../../fleet/topology/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";

const pair = ({ source, target }: { readonly source: string; readonly target: string }) =>
  `${source}>${target}`;

/** Random fleets of the given kinds of topology, their clusters and their links. */
function links(
  kinds: readonly ("mesh" | "hub" | "islands" | "links")[],
  check: (
    links: readonly LinkPlan[],
    config: ReturnType<typeof configOf>,
    cluster: (name: string) => TopologyCluster,
  ) => void,
): void {
  fc.assert(
    fc.property(fleetInputs({ kinds }), (input) => {
      const config = configOf(input);
      check(planLinks(config.topology, config.clusters), config, (name) => {
        const cluster = config.clusters[name];
        if (!cluster) throw new Error(`a link names ${name}`);
        return cluster;
      });
    }),
    { numRuns: 80 },
  );
}

describe("the links of a fleet", () => {
  it("join two different clusters of it, once each way, in the order of their names", () => {
    links(["mesh", "hub", "islands", "links"], (all, config) => {
      const names = new Set(Object.keys(config.clusters));
      for (const { source, target } of all) {
        expect(source).not.toBe(target);
        expect(names).toContain(source);
        expect(names).toContain(target);
      }
      const order = all.map(({ source, target }) => [source, target]);
      expect(new Set(all.map(pair)).size).toBe(all.length);
      expect(order).toEqual(
        order.toSorted(([a = "", b = ""], [c = "", d = ""]) => (a === c ? (b < d ? -1 : 1) : a < c ? -1 : 1)),
      );
    });
  });

  it("are n(n−1) in a mesh", () => {
    links(["mesh"], (all, { clusters }) => {
      const n = Object.keys(clusters).length;
      expect(all).toHaveLength(n * (n - 1));
    });
  });

  it("are 2(n−1) around a hub, all with the hub at one end", () => {
    links(["hub"], (all, { clusters, topology }) => {
      const hub = topology.kind === "hub" ? topology.hub : "";
      const listed = new Set(topology.links.map(pair));
      const ofHub = all.filter(({ source, target }) => source === hub || target === hub);
      expect(ofHub).toHaveLength(2 * (Object.keys(clusters).length - 1));
      for (const link of all) expect(ofHub.includes(link) || listed.has(pair(link))).toBe(true);
    });
  });

  it("mesh each region, and cross regions only at bridges", () => {
    links(["islands"], (all, { clusters, topology }, cluster) => {
      const bridges = topology.kind === "islands" ? topology.bridges : [];
      const allowed = new Set([
        ...topology.links.map(pair),
        ...bridges.flatMap(([a, b]) => [`${a}>${b}`, `${b}>${a}`]),
      ]);
      const there = new Set(all.map(pair));
      for (const one of allowed) expect(there).toContain(one);
      for (const source of Object.keys(clusters)) {
        for (const target of Object.keys(clusters)) {
          const same = source !== target && cluster(source).region === cluster(target).region;
          const expected = same || allowed.has(`${source}>${target}`);
          expect(there.has(`${source}>${target}`)).toBe(expected);
        }
      }
    });
  });

  it("are exactly the listed ones if nothing else is said", () => {
    links(["links"], (all, { topology }) => {
      expect(all.map(pair).toSorted()).toEqual(topology.links.map(pair).toSorted());
    });
  });

  it("take their state and further excludes from their entry, and add to those of the fleet", () => {
    links(["mesh", "links"], (all, { topology }) => {
      for (const link of all) {
        const entry = topology.links.find((one) => pair(one) === pair(link));
        expect(link.state).toBe(entry?.state ?? "active");
        for (const key of [...topology.excludedLabels, ...(entry?.excludedLabels ?? [])]) {
          expect(link.excludedLabels).toContain(key);
        }
        for (const key of [...topology.excludedAnnotations, ...(entry?.excludedAnnotations ?? [])]) {
          expect(link.excludedAnnotations).toContain(key);
        }
        expect(link.excludedAnnotations).toContain("pulumi.com/*");
        expect(new Set(link.excludedLabels).size).toBe(link.excludedLabels.length);
      }
    });
  });

  it("carry what their ends can, if their entry does not name less", () => {
    links(["mesh", "hub", "islands", "links"], (all, { topology }, cluster) => {
      for (const { source, target, modes } of all) {
        const entry = topology.links.find((one) => one.source === source && one.target === target);
        if (entry?.modes) {
          expect(modes.toSorted()).toEqual(entry.modes.toSorted());
          continue;
        }
        const flat = shareNetwork(cluster(source), cluster(target));
        expect(modes.length).toBeGreaterThan(0);
        expect(modes.includes("gateway")).toBe(cluster(target).gateway.type !== "none");
        expect([modes.includes("flat"), modes.includes("federated")]).toEqual([flat, flat]);
      }
    });
  });

  it("carry only what their entry says, in one order", () => {
    const clusters: Record<string, TopologyCluster> = {
      a: { network: "n", gateway: { type: "loadBalancer" } },
      b: { network: "n", gateway: { type: "loadBalancer" } },
    };
    const [link] = planLinks(
      {
        kind: "links",
        excludedLabels: [],
        excludedAnnotations: [],
        links: [
          {
            source: "a",
            target: "b",
            modes: ["federated", "gateway"],
            state: "draining",
            excludedLabels: [],
            excludedAnnotations: [],
          },
        ],
      },
      clusters,
    );
    expect(link).toMatchObject({ modes: ["gateway", "federated"], state: "draining" });
  });
});
