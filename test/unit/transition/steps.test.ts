import { describe, expect, it } from "vitest";
import { versionBlocker } from "../../../fleet/linkerd/versionSkew";
import { deploymentOf } from "../../../fleet/outputs/deployed";
import { planFleet } from "../../../fleet/plan";
import { judgeTransition } from "../../../fleet/transition/judge";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { type Sections, soundFleet } from "../../../testing/mistakes/sound";
import { deployed, refused } from "../../../testing/steps";

describe("links and clusters", () => {
  const oneWay = (fleet: Sections) => {
    fleet.topology = { kind: "hub", hub: "us", links: [] };
  };

  it("a link goes only after it was drained", () => {
    expect(refused(oneWay)).toEqual([
      "remove-undrained-link: link apac → eu",
      "remove-undrained-link: link eu → apac",
    ]);
    const drained = (fleet: Sections) => {
      fleet.topology.links = [
        { source: "apac", target: "eu", state: "draining" },
        { source: "eu", target: "apac", state: "draining" },
      ];
    };
    expect(refused(drained)).toEqual([]);
    expect(refused(oneWay, drained)).toEqual([]);
  });

  const withoutApac = (fleet: Sections) => {
    delete fleet.clusters.apac;
  };

  it("a cluster goes only after its links were drained, and its links are not told besides", () => {
    expect(refused(withoutApac)).toEqual(["remove-undrained-cluster: cluster apac"]);
    const drained = (fleet: Sections) => {
      fleet.clusters.apac.state = "draining";
    };
    expect(refused(drained)).toEqual([]);
    expect(refused(withoutApac, drained)).toEqual([]);
  });

  it("a cluster that is half drained is not drained", () => {
    const half = (fleet: Sections) => {
      fleet.topology.links = [
        { source: "apac", target: "eu", state: "draining" },
        { source: "apac", target: "us", state: "draining" },
        { source: "eu", target: "apac", state: "draining" },
      ];
    };
    const gone = (fleet: Sections) => {
      withoutApac(fleet);
      fleet.topology.links = [];
    };
    expect(refused(gone, half)).toEqual(["remove-undrained-cluster: cluster apac"]);
  });

  it("a draining cluster drains the links from and to it, and no other", () => {
    const fleet = soundFleet();
    fleet.clusters.apac.state = "draining";
    const { links } = deployed(fleet);
    expect(links.length).toBe(6);
    for (const { source, target, state } of links) {
      expect(state).toBe([source, target].includes("apac") ? "draining" : "active");
    }
  });

  it("a fleet of one has nothing to drain", () => {
    const alone = (fleet: Sections) => {
      fleet.clusters = { us: fleet.clusters.us };
      fleet.services = [];
    };
    const other = (fleet: Sections) => {
      fleet.clusters = { eu: soundFleet().clusters.eu };
    };
    expect(refused(other, alone)).toEqual([]);
  });
});

describe("names", () => {
  const renamed = (more: object) => (fleet: Sections) => {
    fleet.clusters.europe = { ...fleet.clusters.eu, ...more };
    delete fleet.clusters.eu;
    fleet.services = [];
  };

  it.each([
    ["all the same", {}],
    ["another context", { context: "europe" }],
    ["another address", { apiServer: "https://api.europe.example.com" }],
  ])("a cluster keeps its name: %s", (_, more) => {
    expect(refused(renamed(more))).toEqual(["rename-cluster: cluster eu, now europe"]);
  });

  it("also a drained cluster is not renamed in one step", () => {
    const drained = (fleet: Sections) => {
      fleet.clusters.eu.state = "draining";
    };
    expect(refused(renamed({ state: "active" }), drained)).toEqual([
      "rename-cluster: cluster eu, now europe",
    ]);
  });

  it("two clusters do not exchange their names", () => {
    const exchanged = (fleet: Sections) => {
      const { us, eu } = fleet.clusters;
      fleet.clusters = { ...fleet.clusters, us: eu, eu: us };
    };
    expect(refused(exchanged).sort()).toEqual([
      "rename-cluster: cluster eu, now us",
      "rename-cluster: cluster us, now eu",
    ]);
  });

  it("the same context in another kubeconfig is another cluster", () => {
    const drained = (fleet: Sections) => {
      fleet.clusters.eu.state = "draining";
    };
    const config = configOf(soundFleet() as FleetInput);
    const next = structuredClone(config);
    delete next.clusters.eu;
    const eu = config.clusters.eu;
    if (!eu) throw new Error("no eu");
    next.clusters.europe = {
      ...eu,
      kubeconfig: { secret: "other" },
      apiServer: "https://europe.example.com",
    };
    next.services = [];
    const last = soundFleet();
    drained(last);
    expect(judgeTransition(deployed(last), deploymentOf(planFleet(next)))).toEqual([]);
  });

  it("an address or a context that changes is no rename", () => {
    const moved = (fleet: Sections) => {
      fleet.clusters.eu.apiServer = "https://new.eu.example.com";
    };
    expect(refused(moved)).toEqual([]);
    expect(refused((fleet) => Object.assign(fleet.clusters.eu, { context: "eu-admin" }))).toEqual([]);
  });

  it.each([
    ["change-trust-domain", (f: Sections) => Object.assign(f.trust, { domain: "example.org" }), 3],
    [
      "change-trust-domain",
      (f: Sections) => Object.assign(f.clusters.eu, { trustDomain: "eu.example.org" }),
      1,
    ],
    [
      "change-cluster-domain",
      (f: Sections) => Object.assign(f.clusters.eu, { clusterDomain: "eu.local" }),
      1,
    ],
    ["change-namespace", (f: Sections) => Object.assign(f.linkerd, { namespace: "mesh" }), 3],
  ])("%s: what identities and names are made of stays", (rule, change, count) => {
    const found = refused(change);
    expect(found).toHaveLength(count);
    for (const refusal of found) expect(refusal).toMatch(new RegExp(`^${rule}: .* of cluster `));
  });
});

describe("versions", () => {
  it.each([
    ["2026.8.3", "2026.8.3", undefined],
    ["2026.8.3", "2026.8.4", undefined],
    ["2026.8.3", "2026.12.1", undefined],
    ["2026.11.1", "2027.3.9", undefined],
    ["2026.8.3", "2027.1.1", "jumps 5 months"],
    ["2026.8.3", "2026.8.2", "goes back"],
    ["2026.8.3", "2025.12.9", "goes back"],
    ["2.18.3", "2.19.0", undefined],
    ["2.18.3", "2.18.9-rc1", undefined],
    ["2.18.3", "2.20.0", "jumps over"],
    ["2.18.3", "3.0.0", "jumps over"],
    ["2.19.0", "2.18.9", "goes back"],
    ["2026.8.3", "2.19.0", "cannot be compared"],
  ])("from %s to %s: %s", (from, to, blocker) => {
    const found = versionBlocker(from, to);
    if (blocker === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(blocker);
  });

  it("each chart of each cluster is judged", () => {
    expect(refused((fleet) => Object.assign(fleet.linkerd, { version: "2027.8.1" }))).toHaveLength(9);
    expect(
      refused((fleet) => {
        fleet.clusters.eu.linkerd = { charts: { multicluster: { version: "2026.8.1" } } };
      }),
    ).toEqual(["version-skew: multicluster chart of cluster eu, from 2026.8.3 to 2026.8.1"]);
  });
});
