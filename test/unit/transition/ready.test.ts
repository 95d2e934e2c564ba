import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { deployedAfter } from "../../../fleet/outputs/deployed";
import { describePlan } from "../../../fleet/outputs/describe";
import type { Plan } from "../../../fleet/plan";
import { planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { guardRotation, LOOKS, type RotationStep } from "../../../fleet/transition/ready";
import type { MeshedPod } from "../../../fleet/trust/pods";
import type { SeenTrust } from "../../../fleet/trust/readiness";
import { certificate, type Pair } from "../../../testing/authority";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";

const IDS = ["a", "b", "c"] as const;
type Id = (typeof IDS)[number];
const issued = new Date("2026-11-01T00:00:00Z");
const hours = (count: number) => new Date(issued.getTime() + count * 3_600_000);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

let authorities: Record<Id, Pair>;
let issuers: Record<Id, string>;
beforeAll(async () => {
  const made = await Promise.all(
    IDS.map(async (id) => {
      const anchor = await certificate({ host: `${id}.root.linkerd.cluster.local`, ca: true });
      const of = { host: "identity.linkerd.cluster.local", ca: true, from: hours(-1000) };
      return [id, { anchor, issuer: (await certificate(of, anchor)).pem }] as const;
    }),
  );
  authorities = Object.fromEntries(made.map(([id, { anchor }]) => [id, anchor])) as Record<Id, Pair>;
  issuers = Object.fromEntries(made.map(([id, { issuer }]) => [id, issuer])) as Record<Id, string>;
});

const listed = (anchors: string) =>
  anchors.split(" ").map((anchor) => {
    const [id, state] = anchor.split("=");
    return { id, state };
  });
const fleet = (anchors: string, count = 2): Plan => meshPlan(count, { trust: { anchors: listed(anchors) } });
const bundle = (anchors: string) =>
  [...anchors.matchAll(/(\w)=/g)].map(([, id]) => authorities[id as Id].pem).join("");
/** As a deployment leaves them. */
const outputsOf = (anchors: string, before: Record<string, unknown>, plan: Plan, complete = true) =>
  JSON.parse(
    JSON.stringify({
      deployed: deployedAfter(before, plan, complete),
      plan: describePlan(plan),
      trustBundle: bundle(anchors),
    }),
  ) as Record<string, unknown>;
const deployed = (anchors: string, count = 2) => outputsOf(anchors, {}, fleet(anchors, count));

const pod = (workload: string, of: string, started: Date): MeshedPod => ({
  ...{
    workload,
    started,
    trustRoot: sha256(of),
    proxyVersion: undefined,
    isControlPlane: workload.includes("linkerd/"),
  },
});
const seenWith = (of: string, issuer: Id, written: Date, pods: readonly MeshedPod[]): SeenTrust => ({
  bundle: { pem: of, written: issued },
  issuer: { pem: issuers[issuer], written },
  pods,
});

describe("the clusters are asked", () => {
  const asked = (last: string, next: string) => {
    const { rotation } = guardTransition(deployed(last), fleet(next), []);
    return (
      rotation && [
        rotation.need.trusted.join(),
        rotation.need.gone.join(),
        Object.keys(rotation.clusters).join(),
      ]
    );
  };

  it.each([
    ["nothing moves", "a=active b=staged", "a=active b=staged"],
    ["an anchor is added", "a=active", "a=active b=staged"],
    ["an anchor retires that did not sign", "a=active b=staged", "a=active b=retiring"],
    ["the rules that compare deployments refuse the step", "a=active", "b=active"],
  ])("nothing where %s: %s → %s", (_, last, next) => {
    expect(asked(last, next)).toBeUndefined();
  });

  it.each([
    ["a=active b=staged", "a=retiring b=active", "b", ""],
    ["a=retiring b=active", "a=active b=retiring", "a", ""],
    ["a=retiring b=active", "b=active", "b", "a"],
    ["c=retiring a=retiring b=active", "c=retiring b=active", "b", "a"],
  ])("where an anchor signs or goes: %s → %s", (last, next, trusted, gone) => {
    expect(asked(last, next)).toEqual([trusted, gone, "c001,c002"]);
  });

  it("nothing by a first deployment, nor where the outputs cannot be read", () => {
    for (const outputs of [{}, { deployed: { of: "another version" } }]) {
      expect(guardTransition(outputs, fleet("a=active"), []).rotation).toBeUndefined();
    }
  });

  it("without those that come or go in the step", () => {
    const { rotation } = guardTransition(
      deployed("a=active b=staged", 2),
      fleet("a=retiring b=active", 3),
      [],
    );
    expect(Object.keys(rotation?.clusters ?? {})).toEqual(["c001", "c002"]);
    const fewer = guardTransition(deployed("a=active b=staged", 3), fleet("a=retiring b=active", 2), [
      "remove-undrained-cluster",
    ]);
    expect(Object.keys(fewer.rotation?.clusters ?? {})).toEqual(["c001", "c002"]);
  });

  it("where the issuer that one cluster was given goes: the active anchor begins to sign there", async () => {
    const given = { certificate: issuers.c, privateKey: { secret: "key" } };
    const of = (us: Record<string, unknown>) =>
      planFleet(
        fleetOf(
          { us: cluster("us", us), eu: cluster("eu") },
          {
            trust: {
              anchors: [
                ...listed("a=active"),
                { id: "c", state: "retiring", certificate: authorities.c.pem },
              ],
            },
          },
        ),
      );
    const outputs = outputsOf("a=active c=retiring", {}, of({ issuer: given }));
    const { rotation } = guardTransition(outputs, of({}), []);
    expect(rotation?.need).toEqual({ trusted: ["a"], gone: [], whole: false });
    expect(guardTransition(outputs, of({ issuer: given }), []).rotation).toBeUndefined();
  });

  it("not again where an unfinished deployment has begun the move: one command completes it", () => {
    for (const [last, next] of [
      ["a=active b=staged", "a=retiring b=active"],
      ["a=retiring b=active", "b=active"],
    ] as const) {
      const begun = outputsOf(next, deployed(last), fleet(next), false);
      const judged = guardTransition(begun, fleet(next), []);
      expect([judged.rotation, judged.refusal]).toEqual([undefined, undefined]);
    }
  });
});

describe("what the clusters hold decides", () => {
  const [last, next] = ["a=active b=staged", "a=retiring b=active"];
  const stepOf = (allowUnsafe: readonly (typeof LOOKS)[] = [], outputs = deployed(last)): RotationStep => {
    const { rotation } = guardTransition(outputs, fleet(next), allowUnsafe);
    if (!rotation) throw new Error("nothing moves");
    return rotation;
  };
  const both = () => bundle(last);
  const ready = () =>
    seenWith(both(), "a", issued, [pod("Deployment linkerd/linkerd-identity", both(), issued)]);
  const late = () =>
    seenWith(both(), "a", issued, [
      pod("Deployment linkerd/linkerd-identity", both(), issued),
      pod("Deployment shop/web", bundle("a="), hours(-1)),
      pod("Deployment shop/web", both(), issued),
    ]);
  const now = () => hours(2.5);

  it("a fleet that is ready passes, and that is noted", () => {
    const seen = new Map([
      ["c001", ready()],
      ["c002", ready()],
    ] as const);
    expect(guardRotation(stepOf(), seen, now())).toEqual({
      notes: ["All 2 meshed pods of c001, c002 are ready for this step"],
      warnings: [],
      refusal: undefined,
    });
  });

  it("one workload that has not restarted refuses the step: how many, and for how long", () => {
    const seen = new Map([
      ["c001", ready()],
      ["c002", late()],
    ] as const);
    const { refusal, warnings } = guardRotation(stepOf(), seen, now());
    expect(warnings).toEqual([]);
    expect(refusal).toBe(
      [
        "This step from the last deployment is not safe. Nothing was changed.",
        "  rotate-before-ready: c002: 1 of 3 pods (Deployment shop/web 1 of 2) started with another bundle, " +
          "2 h 30 min after the change",
        "    a pod that does not trust b refuses each pod with an identity of it",
        "    → restart them; with the anchors as they were, `pulumi up` restarts those that `restart.workloads` selects; " +
          "`npx fleet rotation --watch` ends when all are ready",
        "To do it anyway, once, write linkerd-fleet:allowUnsafe: [rotate-before-ready]",
      ].join("\n"),
    );
  });

  it("a cluster of which nothing is known refuses it too", () => {
    const seen = new Map<string, SeenTrust>([
      ["c001", ready()],
      ["c002", { unread: "pods is forbidden" }],
    ]);
    expect(guardRotation(stepOf(), seen, now()).refusal).toContain(
      "rotate-before-ready: c002: it cannot be read: pods is forbidden",
    );
  });

  it("allowUnsafe lets it pass by name, is told, and is told to go where nothing is in the way", () => {
    const seen = new Map([
      ["c001", late()],
      ["c002", ready()],
    ] as const);
    const passed = guardRotation(stepOf([LOOKS]), seen, now());
    expect(passed.refusal).toBeUndefined();
    expect(passed.warnings).toEqual([
      expect.stringMatching(/^allowUnsafe lets this pass rotate-before-ready: c001: 1 of 3 pods/),
    ]);
    const idle =
      "allowUnsafe: nothing is in the way of rotate-before-ready any more. Remove it from the stack file";
    const fine = new Map([
      ["c001", ready()],
      ["c002", ready()],
    ] as const);
    expect(guardRotation(stepOf([LOOKS]), fine, now()).warnings).toEqual([idle]);
    expect(guardTransition(deployed(last), fleet(last), [LOOKS]).warnings).toEqual([idle]);
    // Said by the look, not before it.
    expect(guardTransition(deployed(last), fleet(next), [LOOKS]).warnings).toEqual([]);
  });

  it("clusters that a preview could not ask are named, and nothing is said of allowUnsafe", () => {
    const judged = guardRotation(stepOf([LOOKS]), new Map([["c001", ready()]]), now());
    expect(judged.refusal).toBeUndefined();
    expect(judged.warnings).toEqual([
      "Whether the pods of c002 are ready for this step was not checked; `pulumi up` does",
    ]);
  });

  it("outputs without the anchors' certificates refuse it: nobody can judge a pod", () => {
    const outputs = { ...deployed(last), trustBundle: undefined };
    const seen = new Map([
      ["c001", ready()],
      ["c002", ready()],
    ] as const);
    expect(guardRotation(stepOf([], outputs), seen, now()).refusal).toContain(
      "rotate-before-ready: the stack's outputs do not have the anchors of the last deployment",
    );
  });
});

describe("any sequence of deployments, restarts and days that the guard accepts", () => {
  const CLUSTERS = ["c001", "c002"];
  const PODS = ["Deployment linkerd/linkerd-identity", "Deployment shop/web"];
  const wanted = fc
    .record({ active: fc.nat(1), others: fc.array(fc.nat(3), { minLength: 2, maxLength: 2 }) })
    .map(({ active, others }) =>
      ["a", "b"]
        .flatMap((id, at) => {
          const state = at === active ? "active" : ["gone", "staged", "active", "retiring"][others[at] ?? 0];
          return state === "gone" || (state === "active" && at !== active) ? [] : [`${id}=${state}`];
        })
        .join(" "),
    );
  const reached = fc.array(fc.record({ bundle: fc.boolean(), issuer: fc.boolean() }), {
    minLength: 2,
    maxLength: 2,
  });
  const deployment = fc.record({ anchors: wanted, complete: fc.boolean(), reached });
  const event = fc.oneof(
    { weight: 4, arbitrary: deployment },
    { weight: 2, arbitrary: fc.constant("restart all" as const) },
    { weight: 1, arbitrary: fc.record({ cluster: fc.nat(1), pod: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.constantFrom("a minute", "a day") },
  );

  it("leaves no pod that refuses another's identity", () => {
    let [moved, refused] = [0, 0];
    const plans = new Map<string, Plan>();
    const planOf = (anchors: string): Plan => {
      const plan = plans.get(anchors) ?? fleet(anchors);
      plans.set(anchors, plan);
      return plan;
    };
    fc.assert(
      fc.property(fc.array(event, { minLength: 8, maxLength: 30 }), (events) => {
        let now = hours(0).getTime();
        const held = CLUSTERS.map(() => ({
          bundle: bundle("a="),
          issuer: "a" as Id,
          before: "a" as Id,
          written: now - 1e9,
          pods: PODS.map((workload) => ({
            workload,
            bundle: bundle("a="),
            started: now,
            identity: "a" as Id,
          })),
        }));
        type Held = (typeof held)[number];
        // The worst case: a proxy that starts in the two minutes in which controllers may not have seen a new issuer.
        const signerNow = (of: Held): Id => (now < of.written + 120_000 ? of.before : of.issuer);
        const restart = (of: Held, one: Held["pods"][number]): void => {
          Object.assign(one, { bundle: of.bundle, started: now, identity: signerNow(of) });
        };
        let outputs = deployed("a=active");
        for (const event of events) {
          now += 1000;
          if (event === "a minute") now += 60_000;
          else if (event === "a day") {
            now += 25 * 3_600_000;
            for (const of of held) for (const one of of.pods) one.identity = signerNow(of);
          } else if (event === "restart all") {
            now += 120_000;
            for (const of of held) for (const one of of.pods) restart(of, one);
          } else if ("pod" in event) {
            const of = held[event.cluster];
            const one = of?.pods[event.pod];
            if (of && one) restart(of, one);
          } else {
            const { anchors, complete, reached } = event;
            const plan = planOf(anchors);
            const { refusal, rotation } = guardTransition(outputs, plan, []);
            if (refusal !== undefined) continue;
            if (rotation) {
              const seen = held.map(({ bundle, issuer, written, pods }, at): [string, SeenTrust] => [
                CLUSTERS[at] ?? "",
                seenWith(
                  bundle,
                  issuer,
                  new Date(written),
                  pods.map((one) => pod(one.workload, one.bundle, new Date(one.started))),
                ),
              ]);
              if (guardRotation(rotation, new Map(seen), new Date(now)).refusal !== undefined) {
                refused += 1;
                continue;
              }
              moved += 1;
            }
            const signer = (/(\w)=active/.exec(anchors)?.[1] ?? "a") as Id;
            for (const [at, of] of held.entries()) {
              if ((complete || reached[at]?.bundle) && of.bundle !== bundle(anchors)) {
                of.bundle = bundle(anchors);
                // The chart restarts the control plane for it.
                const [own] = of.pods;
                if (own) restart(of, own);
              }
              if ((complete || reached[at]?.issuer) && of.issuer !== signer) {
                Object.assign(of, { before: of.issuer, issuer: signer, written: now });
              }
            }
            outputs = outputsOf(anchors, outputs, plan, complete);
          }
          const all = held.flatMap(({ pods }) => pods);
          for (const one of all) {
            for (const other of all) expect(one.bundle).toContain(authorities[other.identity].pem);
          }
        }
      }),
      { numRuns: 150 },
    );
    // A guard that refuses everything, or nothing, would prove nothing.
    expect(moved).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(5);
  });
});
