import { beforeAll, describe, expect, it } from "vitest";
import { planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { guardRotation, LOOKS, type RotationStep } from "../../../fleet/transition/ready";
import type { SeenTrust } from "../../../fleet/trust/readiness";
import { cluster, fleetOf } from "../../../testing/fleets";

import {
  authorities,
  bundle,
  deployed,
  fleetWith,
  hours,
  issued,
  issuers,
  listed,
  makeAnchors,
  outputsOf,
  pod,
  seenWith,
} from "../../../testing/threeAnchors";

beforeAll(makeAnchors);

describe("the clusters are asked", () => {
  const asked = (last: string, next: string) => {
    const { rotation } = guardTransition(deployed(last), fleetWith(next), []);
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
      expect(guardTransition(outputs, fleetWith("a=active"), []).rotation).toBeUndefined();
    }
  });

  it("without those that come or go in the step", () => {
    const { rotation } = guardTransition(
      deployed("a=active b=staged", 2),
      fleetWith("a=retiring b=active", 3),
      [],
    );
    expect(Object.keys(rotation?.clusters ?? {})).toEqual(["c001", "c002"]);
    const fewer = guardTransition(deployed("a=active b=staged", 3), fleetWith("a=retiring b=active", 2), [
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
      const begun = outputsOf(next, deployed(last), fleetWith(next), false);
      const judged = guardTransition(begun, fleetWith(next), []);
      expect([judged.rotation, judged.refusal]).toEqual([undefined, undefined]);
    }
  });
});

describe("what the clusters hold decides", () => {
  const [last, next] = ["a=active b=staged", "a=retiring b=active"];
  const stepOf = (allowUnsafe: readonly (typeof LOOKS)[] = [], outputs = deployed(last)): RotationStep => {
    const { rotation } = guardTransition(outputs, fleetWith(next), allowUnsafe);
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
    expect(guardTransition(deployed(last), fleetWith(last), [LOOKS]).warnings).toEqual([idle]);
    // Said by the look, not before it.
    expect(guardTransition(deployed(last), fleetWith(next), [LOOKS]).warnings).toEqual([]);
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
