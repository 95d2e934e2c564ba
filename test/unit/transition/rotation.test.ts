import type { Deployment } from "../../../fleet/outputs/schema";
import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Fleet } from "../../../components/fleet";
import { deployedAfter, deploymentOf } from "../../../fleet/outputs/deployed";
import { type Plan, planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { judgeTransition } from "../../../fleet/transition/judge";
import { rotationNotes } from "../../../fleet/transition/rotation";
import type { Read } from "../../../live/cluster";
import { type ClusterTrust, judgeRotation, type MeshedPod } from "../../../ops/rotation/judge";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf, meshPlan } from "../../../testing/fleets";
import { problemsOf, soundFleet } from "../../../testing/mistakes/sound";
import { type Registered, runUnderMocks } from "../../../testing/mocks";

const deploy = (plan: Plan): Promise<Registered[]> =>
  runUnderMocks(() => void new Fleet("fleet", { plan, secret: () => pulumi.secret("") }));

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

describe("whether a fleet is ready for the next step", () => {
  const issued = new Date("2026-11-01T00:00:00Z");
  const hours = (count: number) => new Date(issued.getTime() + count * 3_600_000);
  let a: Pair;
  let b: Pair;
  let issuerOfA: string;
  let issuerOfB: string;
  beforeAll(async () => {
    x509.cryptoProvider.set(webcrypto);
    [a, b] = [
      await authority("CN=root.linkerd.cluster.local"),
      await authority("CN=root.linkerd.cluster.local"),
    ];
    [issuerOfA, issuerOfB] = [await issuer(a, issued), await issuer(b, issued)];
  });

  const pod = (name: string, bundle: string, started: Date | undefined): MeshedPod => ({
    ...{ namespace: "shop", name, started },
    trustRoot: createHash("sha256").update(bundle).digest("hex"),
  });
  const found = (value: ClusterTrust): Read<ClusterTrust> => ({ state: "found", value });
  const anchors = (states: string) =>
    states
      .split(" ")
      .map((anchor) => ({ id: anchor.split("=")[0] ?? "", state: anchor.split("=")[1] ?? "" }));
  const judge = (states: string, bundle: string, of: Record<string, Read<ClusterTrust>>, now = hours(1)) => {
    const verdict = judgeRotation(anchors(states), bundle, new Map(Object.entries(of)), now);
    return { ...verdict, told: verdict.blockers.map(({ cluster, what }) => `${cluster}: ${what}`) };
  };

  it("is no question where no anchor is staged or retiring", () => {
    const us = found({ bundle: a.pem, issuer: issuerOfA, pods: [pod("web", a.pem, hours(-9))] });
    expect(judge("a=active", a.pem, { us })).toEqual({
      seen: { us: "issuer of a, 1 meshed pods" },
      ...{ blockers: [], told: [], next: undefined },
    });
  });

  it("staged: every bundle is the fleet's, and every meshed pod started with it", () => {
    const both = a.pem + b.pem;
    const fit = found({ bundle: both, issuer: issuerOfA, pods: [pod("web", both, hours(-9))] });
    const ready = judge("a=active b=staged", both, { us: fit, eu: fit });
    expect(ready).toMatchObject({ told: [], next: "make b `state: active` and a `state: retiring`" });
    const late = found({
      bundle: both,
      issuer: issuerOfA,
      pods: ["w1", "w2", "w3", "w4"].map((name) => pod(name, a.pem, hours(-9))),
    });
    const missed = found({ bundle: a.pem, issuer: issuerOfA, pods: [] });
    expect(judge("a=active b=staged", both, { us: late, eu: missed }).told).toEqual([
      "us: 4 pods in shop (w1, w2, w3, …) started with another bundle",
      "eu: its bundle is not the fleet's",
    ]);
  });

  it("retiring: every issuer is of the active anchor, and every pod has an identity of it", () => {
    const both = a.pem + b.pem;
    const of = (issuerPem: string, started: Date | undefined) =>
      found({ bundle: both, issuer: issuerPem, pods: [pod("web", both, started)] });
    const judged = (read: Read<ClusterTrust>, now?: Date) =>
      judge("a=retiring b=active", both, { us: read }, now);
    expect(judged(of(issuerOfB, hours(0.5)))).toMatchObject({
      told: [],
      next: "remove a from trust.anchors",
    });
    expect(judged(of(issuerOfA, hours(0.5))).told).toEqual(["us: its issuer is not of b"]);
    const waiting = "us: 1 pod in shop (web) may have an identity of the issuer before";
    // Started after the certificate was made, but before identity controllers can have seen it.
    expect(judged(of(issuerOfB, hours(0.01))).told).toEqual([waiting]);
    expect(judged(of(issuerOfB, undefined)).told).toEqual([waiting]);
    expect(judged(of(issuerOfB, hours(-9)), hours(24)).told).toEqual([waiting]);
    expect(judged(of(issuerOfB, hours(-9)), hours(25)).told).toEqual([]);
    expect(judged(of(issuerOfB, hours(-9))).blockers[0]?.fix).toBe(
      "restart them after 2026-11-01T00:02:00Z, or wait until 2026-11-02T00:02:00Z",
    );
  });

  it("never, while an issuer chains to no anchor that some cluster trusts", () => {
    const us = found({ bundle: a.pem, issuer: issuerOfA, pods: [] });
    const eu = found({ bundle: b.pem, issuer: issuerOfB, pods: [] });
    expect(judge("a=active", a.pem, { us, eu }).told).toEqual([
      "us: its issuer chains to no anchor that eu trusts",
      "eu: its bundle is not the fleet's",
      "eu: its issuer chains to no anchor that us trusts",
    ]);
  });

  it("never, while a cluster does not answer or holds no readable issuer", () => {
    const dead: Read<ClusterTrust> = {
      state: "failed",
      why: "unreachable",
      message: "no answer within 10 s",
    };
    const us = found({ bundle: a.pem, issuer: "?", pods: [] });
    expect(judge("a=active", a.pem, { us, eu: dead, apac: { state: "missing" } }).told).toEqual([
      "us: its issuer cannot be read as a certificate",
      "eu: it cannot be read: no answer within 10 s",
      "apac: it cannot be read: no bundle or issuer there",
    ]);
  });
});

interface Pair {
  readonly pem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const CA = new x509.BasicConstraintsExtension(true, undefined, true);

async function authority(name: string): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name, keys, signingAlgorithm: ALGORITHM, extensions: [CA] },
  });
  return { pem: `${certificate.toString("pem")}\n`, certificate, keys };
}

async function issuer(anchor: Pair, notBefore: Date): Promise<string> {
  const { publicKey } = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    ...{
      subject: "CN=identity.linkerd.cluster.local",
      issuer: anchor.certificate.subject,
      publicKey,
      notBefore,
    },
    ...{ signingKey: anchor.keys.privateKey, signingAlgorithm: ALGORITHM, extensions: [CA] },
  });
  return certificate.toString("pem");
}
