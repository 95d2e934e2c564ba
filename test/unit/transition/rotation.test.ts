import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deployedAfter, deploymentOf } from "../../../fleet/outputs/deployed";
import type { Deployment } from "../../../fleet/outputs/schema";
import { type Plan, planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { judgeTransition } from "../../../fleet/transition/judge";
import { rotationNotes } from "../../../fleet/transition/rotation";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import { problemsOf, soundFleet } from "../../../testing/mistakes/sound";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const deploy = (plan: Plan): Promise<Registered[]> =>
  runUnderMocks(() => void plannedFleet({ plan, secret: () => pulumi.secret("") }));

const fleet = (anchors: string, restart: object = {}): Plan =>
  meshPlan(2, {
    trust: {
      restart,
      anchors: anchors.split(" ").map((anchor) => {
        const [id, state] = anchor.split("=");
        return { id, state };
      }),
    },
  });
const deployment = (anchors: string): Deployment => deploymentOf(fleet(anchors));

describe("the steps of an anchor", () => {
  const steps = ["a=active", "a=active b=staged", "a=retiring b=active", "b=active"] as const;

  it("pass one by one, each with what has to restart", () => {
    const notes = [0, 1, 2].map((at) => {
      const [last, next] = [deployment(steps[at] ?? ""), deployment(steps[at + 1] ?? "")];
      expect(judgeTransition(last, next)).toEqual([]);
      return rotationNotes(last, next);
    });
    expect(notes).toEqual([
      [expect.stringMatching(/^Trust anchor b joins the bundle: control planes restart by themselves/)],
      [expect.stringMatching(/^Trust anchor b signs the issuers from now on: nothing has to restart/)],
      [expect.stringMatching(/^Trust anchor a leaves the bundle: control planes restart by themselves/)],
    ]);
    expect(rotationNotes(deployment(steps[1]), deployment(steps[1]))).toEqual([]);
  });

  it.each([
    ["a=active c=retiring", "a=active b=staged", "add b, remove c"],
    ["a=active b=staged", "a=retiring b=active c=staged", "add c, sign with b"],
    ["a=active b=staged c=retiring", "a=retiring b=active", "sign with b, remove c"],
  ])("are not taken two at a time: %s → %s", (last, next, told) => {
    expect(judgeTransition(deployment(last), deployment(next))).toMatchObject([
      { rule: "two-anchor-steps", what: `trust anchors: ${told}` },
    ]);
  });
});

describe("any sequence of deployments that the guard accepts", () => {
  const CLUSTERS = ["us", "eu"];
  // Few of each, so that deployments often undo what a failed one began.
  const IDS = ["a", "b"];
  const STATES = ["gone", "staged", "active", "retiring"];
  /** What a deployment reached: a cluster's bundle, its issuer, both or nothing. */
  const reached = fc.array(fc.record({ bundle: fc.boolean(), issuer: fc.boolean() }), {
    minLength: CLUSTERS.length,
    maxLength: CLUSTERS.length,
  });
  const wanted = fc
    .record({
      active: fc.nat(IDS.length - 1),
      others: fc.array(fc.nat(3), { minLength: IDS.length, maxLength: IDS.length }),
    })
    .map(({ active, others }) =>
      IDS.flatMap((id, at) => {
        const state = at === active ? "active" : STATES[others[at] ?? 0];
        return state === "gone" || (state === "active" && at !== active) ? [] : [`${id}=${state}`];
      }).join(" "),
    );
  const deployed = fc.record({ anchors: wanted, complete: fc.boolean(), reached });

  it("leaves every issuer chained to an anchor that every cluster trusts, whatever fails", () => {
    const signer = (anchors: string) => /(\w)=active/.exec(anchors)?.[1] ?? "";
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(deployed, { minLength: 4, maxLength: 14 }), (deployments) => {
        const held = CLUSTERS.map(() => ({ bundle: "a=active", issuer: "a" }));
        let outputs: Record<string, unknown> = { deployed: deployment("a=active") };
        for (const { anchors, complete, reached } of deployments) {
          const plan = fleet(anchors);
          if (guardTransition(outputs, plan, []).refusal !== undefined) continue;
          accepted += 1;
          for (const [at, cluster] of held.entries()) {
            if (complete || reached[at]?.bundle) cluster.bundle = anchors;
            if (complete || reached[at]?.issuer) cluster.issuer = signer(anchors);
          }
          outputs = JSON.parse(JSON.stringify({ deployed: deployedAfter(outputs, plan, complete) }));
          for (const { issuer } of held) {
            for (const { bundle } of held) expect(bundle).toContain(`${issuer}=`);
          }
        }
      }),
      { numRuns: 300 },
    );
    // A guard that refuses everything would prove nothing.
    expect(accepted).toBeGreaterThan(300);
  });
});

describe("what restarts with a change of the anchors", () => {
  const restart = {
    extension: true,
    workloads: [
      { namespace: "shop", deployment: "web" },
      { namespace: "bi", deployment: "reports", in: ["c002"] },
    ],
  };
  const restarts = (all: readonly Registered[]) =>
    all.filter(({ type }) => type === "kubernetes:apps/v1:DeploymentPatch");

  it("is nothing but the control planes unless it is asked for", async () => {
    const all = await deploy(fleet("a=active b=staged"));
    expect(restarts(all)).toEqual([]);
    expect(JSON.stringify(all.map(({ inputs }) => inputs))).not.toContain("linkerd-fleet/trust-anchors");
  });

  it("is what the stack file lists, after the control plane whose injector has the new bundle", async () => {
    const all = await deploy(fleet("a=active b=staged", restart));
    expect(
      restarts(all)
        .map(({ name, dependsOn }) => `${name} after ${dependsOn}`)
        .sort(),
    ).toEqual([
      "c001-shop-web-restart after c001-linkerd-release",
      "c002-bi-reports-restart after c002-linkerd-release",
      "c002-shop-web-restart after c002-linkerd-release",
    ]);
    const mark = { "linkerd-fleet/trust-anchors": "a=active,b=staged" };
    for (const { inputs } of restarts(all)) {
      expect(inputs.spec).toEqual({ template: { metadata: { annotations: mark } } });
    }
    const values = all.find(({ name }) => name === "c001-multicluster-release")?.inputs.values;
    expect(values).toMatchObject({ podAnnotations: mark, gateway: { deploymentAnnotations: mark } });
  });
});

describe("a generated anchor", () => {
  it("is protected until it is retiring", async () => {
    const all = await deploy(fleet("a=retiring b=active c=staged"));
    const isProtected = ["a", "b", "c"].map((id) =>
      all.filter(({ name }) => name.startsWith(`trust-${id}-`)).map(({ protect }) => protect),
    );
    expect(isProtected).toEqual([
      [false, false],
      [true, true],
      [true, true],
    ]);
  });
});

describe("the generations of one cluster", () => {
  it("give its issuer or its webhooks new keys, and no other resource another name", async () => {
    const of = async (generations: object) =>
      (await deploy(planFleet(fleetOf({ us: cluster("us", { generations }), eu: cluster("eu") })))).map(
        ({ name }) => name,
      );
    const before = await of({});
    const changed = async (generations: object) => {
      const after = await of(generations);
      return after.filter((name) => !before.includes(name)).sort();
    };
    expect(await changed({ issuer: 2 })).toEqual(["us-issuer-key-2"]);
    expect(await changed({ webhooks: 3 })).toEqual([
      "us-linkerd-linkerd-policy-validator-key-3",
      "us-linkerd-linkerd-proxy-injector-key-3",
      "us-linkerd-linkerd-sp-validator-key-3",
    ]);
  });
});

describe("the generation of an issuer that is given", () => {
  it("is refused, because nothing would follow from it", () => {
    const anchor = selfSigned({ curve: "P-256" });
    const given = selfSigned({ curve: "P-256" }, { signer: anchor });
    const problems = (generation: number) => {
      const sections = soundFleet();
      sections.trust.anchors.push({ id: "existing", state: "retiring", certificate: anchor.pem });
      sections.clusters.eu.issuer = { certificate: given.pem, privateKey: { secret: "key" } };
      sections.clusters.eu.generations = { issuer: generation, webhooks: generation };
      return problemsOf(sections, { key: given.key }).map(({ path }) => path);
    };
    expect(problems(1)).toEqual([]);
    expect(problems(2)).toEqual(["clusters.eu.generations.issuer"]);
  });
});
