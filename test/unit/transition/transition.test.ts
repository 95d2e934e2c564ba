import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { versionBlocker } from "../../../fleet/linkerd/versionSkew";
import { deploymentOf, readDeployment } from "../../../fleet/outputs/deployed";
import {
  type DeployedAnchor,
  type DeployedCluster,
  type Deployment,
  PLAN_SCHEMA,
} from "../../../fleet/outputs/schema";
import { planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { judgeTransition } from "../../../fleet/transition/judge";
import { type TransitionRule, transitionRule } from "../../../fleet/transition/schema";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { type Sections, soundFleet } from "../../../testing/mistakes/sound";

/** The rules that refuse the step from a sound fleet, itself changed by `first`, to what `then` makes of it. */
function refused(then: (fleet: Sections) => void, first: (fleet: Sections) => void = () => {}): string[] {
  const last = soundFleet();
  first(last);
  const next = structuredClone(last);
  then(next);
  return judgeTransition(deployed(last), deployed(next)).map(({ rule, what }) => `${rule}: ${what}`);
}

function deployed(fleet: Sections): Deployment {
  return deploymentOf(planFleet(configOf(fleet as FleetInput)));
}

const anchors =
  (...states: [id: string, state: string][]) =>
  (fleet: Sections) => {
    fleet.trust.anchors = states.map(([id, state]) => ({ id, state }));
  };

describe("trust anchors", () => {
  it.each([
    [
      "a new one is staged",
      [["2026", "active"]],
      [
        ["2026", "active"],
        ["2027", "staged"],
      ],
    ],
    [
      "a staged one becomes active",
      [
        ["2026", "active"],
        ["2027", "staged"],
      ],
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
    ],
    [
      "a rotation is taken back",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [
        ["2026", "active"],
        ["2027", "retiring"],
      ],
    ],
    [
      "a retiring one goes",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [["2027", "active"]],
    ],
    [
      "the order of the bundle changes",
      [
        ["2026", "retiring"],
        ["2027", "active"],
      ],
      [
        ["2027", "active"],
        ["2026", "retiring"],
      ],
    ],
  ] as [string, [string, string][], [string, string][]][])("pass: %s", (_, before, after) => {
    expect(refused(anchors(...after), anchors(...before))).toEqual([]);
  });

  it("the signing anchor is not dropped, also when a trusted one takes over", () => {
    expect(refused(anchors(["2027", "active"]), anchors(["2026", "active"], ["2027", "staged"]))).toEqual([
      "drop-signing-anchor: trust anchor 2026",
    ]);
  });

  it("an anchor signs only after a deployment in which every cluster trusted it", () => {
    expect(refused(anchors(["2026", "retiring"], ["2027", "active"]))).toEqual([
      "switch-anchor-early: trust anchor 2027",
    ]);
  });

  it("a swap in one step is refused on both sides", () => {
    expect(refused(anchors(["2027", "active"]))).toEqual([
      "drop-signing-anchor: trust anchor 2026",
      "switch-anchor-early: trust anchor 2027",
    ]);
  });

  // An `up` that made it active and failed half-way leaves no outputs, but issuers that chain to it.
  it("a staged anchor goes by way of retiring only", () => {
    const staged = anchors(["2026", "active"], ["2027", "staged"]);
    expect(refused(anchors(["2026", "active"]), staged)).toEqual(["drop-signing-anchor: trust anchor 2027"]);
    expect(refused(anchors(["2026", "active"], ["2027", "retiring"]), staged)).toEqual([]);
  });

  it("another certificate under the same id is another anchor, another layout of it is not", () => {
    const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const last = deployed(soundFleet());
    const given = (certificate: string): Deployment => {
      const config = configOf(soundFleet() as FleetInput);
      const plan = planFleet(config);
      return deploymentOf({
        ...plan,
        trust: { ...plan.trust, anchors: plan.trust.anchors.map((anchor) => ({ ...anchor, certificate })) },
      });
    };
    const replaced = [
      "drop-signing-anchor: trust anchor 2026, by giving it another certificate",
      "switch-anchor-early: trust anchor 2026",
    ];
    const judged = (before: Deployment, after: Deployment) =>
      judgeTransition(before, after).map(({ rule, what }) => `${rule}: ${what}`);
    expect(judged(given(pem("A")), given(pem("B")))).toEqual(replaced);
    expect(judged(last, given(pem("A")))).toEqual(replaced);
    expect(judged(given(pem("A")), given(`\r\n${pem("A").replaceAll("\n", "\r\n")}`))).toEqual([]);
  });
});

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

describe("what is said", () => {
  const next = (change: (fleet: Sections) => void) => {
    const fleet = soundFleet();
    change(fleet);
    return planFleet(configOf(fleet as FleetInput));
  };
  const last = () => {
    const plan = next(() => {});
    return JSON.parse(JSON.stringify({ deployed: deploymentOf(plan) }));
  };
  const withSchema = (schema: number) => {
    const outputs = last();
    outputs.deployed.plan.schema = schema;
    return outputs;
  };
  const swapped = next(anchors(["2027", "active"]));

  it("a refusal names the rule, the reason and the safe path, and how to do it all the same", () => {
    const { refusal, warnings } = guardTransition(last(), swapped, []);
    expect(warnings).toEqual([]);
    expect(refusal).toContain("drop-signing-anchor: trust anchor 2026\n");
    expect(refusal).toContain("it signs the issuer of every cluster");
    expect(refusal).toContain("→ add the new anchor as `staged`, deploy");
    expect(refusal).toContain("linkerd-fleet:allowUnsafe: [drop-signing-anchor, switch-anchor-early]");
  });

  it("a rule that is allowed passes alone, and is told", () => {
    const { refusal, warnings } = guardTransition(last(), swapped, ["switch-anchor-early"]);
    expect(refusal).toContain("drop-signing-anchor");
    expect(refusal).not.toContain("switch-anchor-early");
    expect(warnings).toEqual([
      expect.stringMatching(/^allowUnsafe lets this pass switch-anchor-early: trust anchor 2027/),
    ]);
    const both = guardTransition(last(), swapped, ["switch-anchor-early", "drop-signing-anchor"]);
    expect(both.refusal).toBeUndefined();
    expect(both.warnings).toHaveLength(2);
  });

  it("an allowance that is not needed any more is told", () => {
    const { refusal, warnings } = guardTransition(
      last(),
      next(() => {}),
      ["rename-cluster"],
    );
    expect(refusal).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/rename-cluster.*Remove it/)]);
  });

  it("hundreds of links are told in one line", () => {
    const mesh = (kind: object) => {
      const names = Array.from({ length: 20 }, (_, at) => `c${at}`);
      const clusters = names.map((name) => [
        name,
        { ...soundFleet().clusters.us, context: name, apiServer: `https://${name}` },
      ]);
      return next((fleet) =>
        Object.assign(fleet, { clusters: Object.fromEntries(clusters), topology: kind, services: [] }),
      );
    };
    const plan = mesh({ kind: "mesh" });
    const outputs = { deployed: deploymentOf(plan) };
    const { refusal } = guardTransition(outputs, mesh({ kind: "hub", hub: "c0" }), []);
    expect(refusal).toContain("and 336 more");
    expect(refusal?.split("\n")).toHaveLength(5);
  });

  it.each([
    ["a first deployment", {}, /nothing to compare/, undefined],
    ["a first deployment that failed", { deployed: null }, /nothing to compare/, undefined],
    ["outputs without links", { deployed: { plan: last().deployed.plan } }, undefined, /damaged/],
    ["another schema", withSchema(PLAN_SCHEMA + 1), undefined, /another version/],
    ["the schema before", withSchema(1), undefined, /another version/],
    ["a plan that is no plan", { deployed: { plan: "x", links: [] } }, undefined, /damaged/],
  ])("%s is judged by nobody, and that is said", (_, outputs, note, warning) => {
    const verdict = guardTransition(outputs, swapped, []);
    expect(verdict.refusal).toBeUndefined();
    expect(verdict.notes).toEqual(note ? [expect.stringMatching(note)] : []);
    expect(verdict.warnings).toEqual(warning ? [expect.stringMatching(warning)] : []);
  });
});

const NAMES = ["a", "b", "c", "d"];
/** Clusters of other stacks, which links lead to. */
const FOREIGN = ["y", "z"];
const PAIRS = NAMES.flatMap((source) =>
  [...NAMES, ...FOREIGN].filter((target) => target !== source).map((target) => ({ source, target })),
);
const pool = <T extends string>(...of: T[]) => fc.constantFrom(...of);
const VERSIONS = ["2026.1.1", "2026.3.2", "2026.8.3", "2027.1.1"];

/**
 * Deployments since the last complete one that failed half-way: each changed the anchors in a way that was let pass.
 */
type Attempt = "stage" | "sign" | "take out";

function attempted(anchors: readonly DeployedAnchor[], attempt: Attempt, id: string): DeployedAnchor[] {
  switch (attempt) {
    case "stage":
      return [...anchors.filter((one) => one.id !== id), { id, state: "staged" }];
    case "sign":
      return anchors.map((one) => ({ ...one, state: one.id === id ? "active" : "retiring" }));
    case "take out":
      return anchors.filter((one) => one.id !== id);
  }
}

function withAttempts(last: Deployment, attempts: readonly (readonly [Attempt, string])[]): Deployment {
  const left = structuredClone(last);
  for (const [attempt, id] of attempts) {
    const anchors = attempted(last.plan.anchors, attempt, id);
    const valid = anchors.filter(({ state }) => state === "active").length === 1;
    const next = { ...last, plan: { ...last.plan, anchors } };
    if (valid && judgeTransition(left, next).length === 0) left.unfinished.push(anchors);
  }
  return left;
}

/** Anything that a valid stack file may describe, small enough that two of them have much in common. */
const planned: fc.Arbitrary<Deployment> = fc
  .record({
    names: fc.subarray(NAMES),
    at: fc.shuffledSubarray(NAMES, { minLength: NAMES.length }),
    settings: fc.array(
      fc.record({
        trustDomain: pool("x", "y"),
        clusterDomain: pool("p", "q"),
        namespace: pool("l", "m"),
        version: pool(...VERSIONS),
        issuerAnchor: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
      }),
      { minLength: NAMES.length, maxLength: NAMES.length },
    ),
    ids: fc.shuffledSubarray(["1", "2", "3"], { minLength: 1 }),
    certificates: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    states: fc.array(pool("staged", "retiring"), { minLength: 3, maxLength: 3 }),
    active: fc.nat(2),
    links: fc.array(pool("none", "active", "draining", "pending"), {
      minLength: PAIRS.length,
      maxLength: PAIRS.length,
    }),
  })
  .map((of) => ({
    plan: {
      schema: PLAN_SCHEMA,
      anchors: of.ids.map((id, at) => ({
        id,
        state: at === of.active % of.ids.length ? "active" : (of.states[at] ?? "staged"),
        ...(of.certificates[at] ? { certificate: `of ${id}` } : {}),
      })),
      clusters: Object.fromEntries(
        of.names.map((name, at): [string, DeployedCluster] => {
          const {
            trustDomain = "x",
            clusterDomain = "p",
            namespace = "l",
            version = "2026.1.1",
            issuerAnchor,
          } = of.settings[at] ?? {};
          const charts = { crds: version, controlPlane: version, multicluster: version };
          const address = { apiServer: `https://${of.at[at]}`, context: `${of.at[at]}` };
          const signer = issuerAnchor === undefined ? undefined : of.ids[issuerAnchor % of.ids.length];
          const own = { trustDomain, clusterDomain, controlPlaneNamespace: namespace, charts };
          return [name, { ...address, ...own, ...(signer === undefined ? {} : { issuerAnchor: signer }) }];
        }),
      ),
    },
    unfinished: [],
    links: PAIRS.flatMap(({ source, target }, at) => {
      const state = of.links[at] ?? "none";
      const isForeign = FOREIGN.includes(target);
      const possible = of.names.includes(source) && (isForeign || of.names.includes(target));
      // Only a link into another stack has to wait.
      if (!possible || state === "none" || (state === "pending" && !isForeign)) return [];
      return [{ source, target, state }];
    }),
  }));

/** The same as a stack may be left with it, also after updates that failed. */
const deployments: fc.Arbitrary<Deployment> = fc
  .tuple(
    planned,
    fc.array(fc.tuple(pool<Attempt>("stage", "sign", "take out"), pool("1", "2", "3", "4")), {
      maxLength: 4,
    }),
  )
  .map(([last, attempts]) => withAttempts(last, attempts));

const has = (deployment: Deployment, { id, certificate }: { id: string; certificate?: string }) =>
  deployment.plan.anchors.some((other) => other.id === id && other.certificate === certificate);
const signerOf = ({ plan }: Deployment): DeployedAnchor => {
  const found = plan.anchors.find(({ state }) => state === "active");
  if (!found) throw new Error("no anchor is active");
  return found;
};
const sameLink = (a: { source: string; target: string }, b: { source: string; target: string }) =>
  a.source === b.source && a.target === b.target;

const older = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true }) < 0;

/**
 * The documented procedure, deployment by deployment. What failed half-way is deployed again; what must go is
 * drained; what cannot be changed in place is removed and added again; anchors are staged, then sign, then retire;
 * versions go up in small steps.
 */
function safePath(from: Deployment, to: Deployment): Deployment[] {
  const stays = (name: string): boolean => {
    const [before, after] = [from.plan.clusters[name], to.plan.clusters[name]];
    return (
      before !== undefined &&
      after !== undefined &&
      before.apiServer === after.apiServer &&
      before.trustDomain === after.trustDomain &&
      before.clusterDomain === after.clusterDomain &&
      before.controlPlaneNamespace === after.controlPlaneNamespace &&
      !older(after.charts.crds, before.charts.crds)
    );
  };
  const path: Deployment[] = [];
  const step = (change: (next: Deployment) => void) => {
    const next = structuredClone(path.at(-1) ?? from);
    change(next);
    path.push(next);
  };

  const isKept = (link: { source: string; target: string }) =>
    to.links.some((other) => sameLink(link, other) && other.state !== "pending") &&
    stays(link.source) &&
    (stays(link.target) || FOREIGN.includes(link.target));
  // 0. Deploy again until nothing fails.
  step((next) => {
    next.unfinished = [];
  });
  // 1. Drain what goes.
  step((next) => {
    for (const link of next.links) {
      if (link.state === "active" && !isKept(link)) link.state = "draining";
    }
  });
  // 2. Remove it. Clusters that keep an issuer of their own get one of the active anchor.
  step((next) => {
    next.links = next.links.filter((link) => link.state !== "draining" && isKept(link));
    next.plan.clusters = Object.fromEntries(
      Object.entries(next.plan.clusters).flatMap(([name, { issuerAnchor, ...cluster }]) =>
        stays(name) ? [[name, cluster]] : [],
      ),
    );
  });
  // 3. Rotate. An id that stands for another certificate already has to be gone first: by way of a third anchor.
  const signer = signerOf(to);
  const taken = from.plan.anchors.some(({ id }) => id === signer.id) && !has(from, signer);
  for (const anchor of taken ? [{ id: "between" }, signer] : [signer]) {
    step((next) => {
      if (!has(next, anchor)) next.plan.anchors.push({ ...anchor, state: "staged" });
    });
    step((next) => {
      for (const one of next.plan.anchors) one.state = one.id === anchor.id ? "active" : "retiring";
    });
    step((next) => {
      next.plan.anchors = next.plan.anchors.filter(({ id }) => id === anchor.id);
    });
  }
  // 4. Upgrade step by step.
  for (const version of ["2026.4.1", "2026.8.1", "2026.12.1"]) {
    step((next) => {
      for (const [name, { charts }] of Object.entries(next.plan.clusters)) {
        const goal = to.plan.clusters[name]?.charts.crds ?? "";
        for (const chart of ["crds", "controlPlane", "multicluster"] as const) {
          if (older(charts[chart], version) && older(version, goal)) charts[chart] = version;
        }
      }
    });
  }
  // 5. All the rest is added.
  path.push(to);
  return path;
}

describe("any two deployments", () => {
  it("have a safe way from one to the other, each step of which is accepted", () => {
    let direct = 0;
    fc.assert(
      fc.property(deployments, planned, (from, to) => {
        let last = from;
        for (const next of safePath(from, to)) {
          expect(judgeTransition(last, next)).toEqual([]);
          last = next;
        }
        expect(last).toEqual(to);
        if (judgeTransition(from, to).length === 0) direct += 1;
      }),
      { numRuns: 500 },
    );
    // The way around would prove nothing if the guard let everything pass.
    expect(direct).toBeLessThan(250);
  });

  it("one step that is accepted cuts no trust, no link and no name", () => {
    const fired = new Set<TransitionRule>();
    fc.assert(
      fc.property(deployments, planned, (last, next) => {
        const refusals = judgeTransition(last, next);
        for (const { rule } of refusals) fired.add(rule);
        for (const [rule, hazard] of hazards(last, next)) {
          expect(
            refusals.some((refusal) => refusal.rule === rule),
            rule,
          ).toBe(hazard);
        }
        for (const [name, { apiServer }] of Object.entries(last.plan.clusters)) {
          const now = Object.entries(next.plan.clusters).find(
            ([, cluster]) => cluster.apiServer === apiServer,
          );
          const renamed = now !== undefined && now[0] !== name;
          const told = refusals.filter(({ rule }) => rule === "rename-cluster");
          expect(told.some(({ what }) => what === `cluster ${name}, now ${now?.[0]}`)).toBe(renamed);
          const undrained = last.links.some(
            ({ source, target, state }) => state === "active" && [source, target].includes(name),
          );
          expect(refusals.some(({ what }) => what === `cluster ${name}`)).toBe(
            !renamed && undrained && !(name in next.plan.clusters),
          );
        }
        for (const { why, path, what } of refusals) {
          expect(Math.min(why.length, path.length, what.length)).toBeGreaterThan(5);
        }
      }),
      { numRuns: 500 },
    );
    // A hazard that never came up would prove nothing.
    expect([...fired].sort()).toEqual([...transitionRule.options].sort());
  });

  it("are judged the same when every rule is allowed: nothing is refused, and all is told", () => {
    fc.assert(
      fc.property(fleetInputs(), fleetInputs(), (before, after) => {
        const [last, next] = [planFleet(configOf(before)), planFleet(configOf(after))];
        const outputs = { deployed: deploymentOf(last) };
        const strict = guardTransition(outputs, next, []);
        const allowed = guardTransition(outputs, next, transitionRule.options);
        expect(allowed.refusal).toBeUndefined();
        const told = allowed.warnings.filter((warning) => warning.includes("lets this pass"));
        expect(told.length > 0).toBe(strict.refusal !== undefined);
      }),
      { numRuns: 100 },
    );
  });
});

/** What each rule is there to prevent, said without it. Names and whole clusters are judged one by one. */
function hazards(last: Deployment, next: Deployment): [TransitionRule, boolean][] {
  const { anchors } = last.plan;
  const gone = anchors.filter((anchor) => !has(next, anchor));
  const inBoth = NAMES.filter((name) => name in last.plan.clusters && name in next.plan.clusters);
  const signer = signerOf(next);
  const among = (list: readonly DeployedAnchor[], { id, certificate }: DeployedAnchor) =>
    list.find((other) => other.id === id && other.certificate === certificate);
  const mayHaveSigned = (anchor: DeployedAnchor) =>
    anchor.state !== "retiring" ||
    last.unfinished.some((list) => among(list, anchor)?.state === "active") ||
    inBoth.some((name) => last.plan.clusters[name]?.issuerAnchor === anchor.id);
  const anchorSteps = [
    next.plan.anchors.some((anchor) => anchor.state !== "active" && !has(last, anchor)),
    has(last, signer) && !among([signerOf(last)], signer),
    gone.some(({ state }) => state === "retiring"),
  ];
  const stateIn = (of: Deployment, link: { source: string; target: string }) =>
    of.links.find((other) => sameLink(link, other))?.state;
  const active = last.links.filter(({ state }) => state === "active");
  return [
    ["drop-signing-anchor", gone.some(mayHaveSigned)],
    ["switch-anchor-early", [anchors, ...last.unfinished].some((list) => !among(list, signer))],
    ["two-anchor-steps", anchorSteps.filter(Boolean).length > 1],
    [
      "remove-undrained-link",
      active.some(
        (link) =>
          link.source in next.plan.clusters &&
          (link.target in next.plan.clusters || FOREIGN.includes(link.target)) &&
          stateIn(next, link) === undefined,
      ),
    ],
    ["lose-link", active.some((link) => stateIn(next, link) === "pending")],
    [
      "change-trust-domain",
      NAMES.some((name) => differs(last, next, name, ({ trustDomain }) => trustDomain)),
    ],
    [
      "change-cluster-domain",
      NAMES.some((name) => differs(last, next, name, ({ clusterDomain }) => clusterDomain)),
    ],
    [
      "change-namespace",
      NAMES.some((name) => differs(last, next, name, (cluster) => cluster.controlPlaneNamespace)),
    ],
    [
      "version-skew",
      inBoth.some((name) => {
        const [from = "", to = ""] = [last, next].map(({ plan }) => plan.clusters[name]?.charts.crds);
        return older(to, from) || monthsOf(to) - monthsOf(from) > 4;
      }),
    ],
  ];
}

function monthsOf(version: string): number {
  const [year = 0, month = 0] = version.split(".").map(Number);
  return year * 12 + month;
}

function differs(
  last: Deployment,
  next: Deployment,
  name: string,
  of: (cluster: DeployedCluster) => string,
): boolean {
  const [before, after] = [last.plan.clusters[name], next.plan.clusters[name]];
  return before !== undefined && after !== undefined && of(before) !== of(after);
}

describe("any fleet", () => {
  it("is never refused when nothing changes, and its outputs survive the engine's JSON", () => {
    fc.assert(
      fc.property(fleetInputs(), (input) => {
        const plan = planFleet(configOf(input));
        const outputs = JSON.parse(JSON.stringify({ deployed: deploymentOf(plan) }));
        expect(readDeployment(outputs)).toEqual({ known: deploymentOf(plan) });
        expect(guardTransition(outputs, plan, [])).toEqual({ notes: [], warnings: [], refusal: undefined });
      }),
      { numRuns: 100 },
    );
  });

  it("is never refused when clusters, links and anchors are only added", () => {
    fc.assert(
      fc.property(deployments, planned, (last, more) => {
        const next = structuredClone(last);
        const taken = Object.values(last.plan.clusters).map(({ apiServer }) => apiServer);
        for (const [name, cluster] of Object.entries(more.plan.clusters)) {
          if (!next.plan.clusters[name] && !taken.includes(cluster.apiServer))
            next.plan.clusters[name] = cluster;
        }
        for (const link of more.links) {
          const ends = [link.source, link.target].every(
            (name) => name in next.plan.clusters || FOREIGN.includes(name),
          );
          if (ends && !next.links.some((other) => sameLink(link, other))) next.links.push(link);
        }
        for (const anchor of more.plan.anchors) {
          if (!next.plan.anchors.some(({ id }) => id === anchor.id)) {
            next.plan.anchors.push({ ...anchor, state: anchor.state === "active" ? "staged" : anchor.state });
          }
        }
        expect(judgeTransition(last, next)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
