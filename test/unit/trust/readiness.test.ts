import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { MeshedPod } from "../../../fleet/trust/pods";
import {
  type Blocker,
  type ClusterTrust,
  judgeReadiness,
  type Need,
  percentages,
  type SeenTrust,
} from "../../../fleet/trust/readiness";
import { needOfNextStep, nextStep } from "../../../ops/rotation/next";
import { describeProgress, watch } from "../../../ops/rotation/watch";
import { certificate, type Pair } from "../../../testing/authority";

const issued = new Date("2026-11-01T00:00:00Z");
const hours = (count: number) => new Date(issued.getTime() + count * 3_600_000);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const pod = (workload: string, bundle: string, started: Date | undefined): MeshedPod => ({
  ...{
    workload,
    started,
    trustRoot: sha256(bundle),
    proxyVersion: undefined,
    isControlPlane: workload.includes("linkerd/"),
  },
});

let a: Pair;
let b: Pair;
let c: Pair;
let issuerOfA: string;
let issuerOfB: string;
beforeAll(async () => {
  [a, b, c] = (await Promise.all(
    ["a", "b", "c"].map((id) => certificate({ host: `${id}.root.linkerd.cluster.local`, ca: true })),
  )) as [Pair, Pair, Pair];
  const issuer = async (anchor: Pair) =>
    (await certificate({ host: "identity.linkerd.cluster.local", ca: true, from: issued }, anchor)).pem;
  [issuerOfA, issuerOfB] = [await issuer(a), await issuer(b)];
});

/** A control plane that is ready, and other pods. */
const trust = (
  bundle: string,
  issuer: string,
  pods: readonly MeshedPod[],
  more: { written?: Date; at?: Date; own?: MeshedPod[] } = {},
): ClusterTrust => ({
  bundle: { pem: bundle, written: more.at },
  issuer: { pem: issuer, written: more.written },
  pods: [...(more.own ?? [pod("Deployment linkerd/linkerd-identity", bundle, hours(0.5))]), ...pods],
});

const anchors = (states: string) =>
  states.split(" ").map((anchor) => ({ id: anchor.split("=")[0] ?? "", state: anchor.split("=")[1] ?? "" }));
const known = (ids: string) => [...ids].map((id) => ({ id, pem: { a, b, c }[id]?.pem ?? "" }));
const say = (blockers: readonly Blocker[]) => blockers.map(({ cluster, what }) => `${cluster}: ${what}`);
/** As `npx fleet rotation` judges. */
const judge = (states: string, of: Record<string, SeenTrust>, now = hours(1)) => {
  const ids = anchors(states).map(({ id }) => id);
  const clusters = new Map(Object.entries(of));
  const verdict = judgeReadiness(known(ids.join("")), needOfNextStep(anchors(states)), clusters, now);
  return { ...verdict, told: say(verdict.blockers), next: nextStep(anchors(states)) };
};

describe("whether a fleet is ready for the next step", () => {
  it("is no question where no anchor is staged or retiring", () => {
    const us = trust(a.pem, issuerOfA, [pod("Deployment shop/web", a.pem, hours(-9))]);
    expect(judge("a=active", { us })).toEqual({
      progress: { us: { seen: "issuer of a, 2 meshed pods", pods: { ready: 2, of: 2 } } },
      ...{ blockers: [], told: [], next: undefined },
    });
  });

  it("staged: every bundle is the fleet's, and every meshed pod started with it", () => {
    const both = a.pem + b.pem;
    const fit = trust(both, issuerOfA, [pod("Deployment shop/web", both, hours(-9))]);
    const ready = judge("a=active b=staged", { us: fit, eu: fit });
    expect(ready).toMatchObject({ told: [], next: "make b `state: active` and a `state: retiring`" });
    const late = trust(
      both,
      issuerOfA,
      [
        ...[a.pem, a.pem, both].map((bundle) => pod("Deployment shop/web", bundle, hours(-9))),
        pod("StatefulSet bi/db", a.pem, hours(-9)),
      ],
      { at: hours(-2.75) },
    );
    const missed = trust(a.pem, issuerOfA, []);
    const unready = judge("a=active b=staged", { us: late, eu: missed });
    expect(unready.told).toEqual([
      "us: 3 of 5 pods (Deployment shop/web 2 of 3, StatefulSet bi/db 1 of 1) started with another bundle, " +
        "3 h 45 min after the change",
      "eu: its bundle is not the fleet's",
      "eu: 1 of 1 pods (Deployment linkerd/linkerd-identity 1 of 1) started with another bundle",
    ]);
    expect(percentages(unready)).toEqual({ us: 40, eu: 0 });
  });

  it("staged: a control plane that is not there, or has not restarted, holds everybody back", () => {
    const both = a.pem + b.pem;
    const old = pod("Deployment linkerd/linkerd-identity", a.pem, hours(-9));
    expect(judge("a=active b=staged", { us: trust(both, issuerOfA, [], { own: [old] }) }).told).toEqual([
      "us: 1 of 1 pods (Deployment linkerd/linkerd-identity 1 of 1) started with another bundle",
    ]);
    expect(judge("a=active b=staged", { us: trust(both, issuerOfA, [], { own: [] }) }).told).toEqual([
      "us: no pod of its control plane is there",
    ]);
  });

  it("staged: a pod with a proxy that does not say its bundle is not ready", () => {
    const both = a.pem + b.pem;
    const silent = { ...pod("Pod shop/by-hand", both, hours(-9)), trustRoot: undefined };
    expect(judge("a=active b=staged", { us: trust(both, issuerOfA, [silent]) }).told).toEqual([
      "us: 1 of 2 pods (Pod shop/by-hand 1 of 1) started with another bundle",
    ]);
  });

  it("tells six workloads, and how many more", () => {
    const pods = Array.from({ length: 9 }, (_, at) => pod(`DaemonSet shop/d${at}`, "", hours(-9)));
    const us = trust(a.pem, issuerOfA, pods);
    expect(judge("a=active", { us }).told[0]).toMatch(
      /^us: 9 of 10 pods \(.*d5 1 of 1, and 3 more\) started/,
    );
  });

  it("retiring: every issuer is of an anchor that stays, and every pod has an identity of it", () => {
    const both = a.pem + b.pem;
    const of = (issuerPem: string, started: Date | undefined, written?: Date) =>
      trust(both, issuerPem, [pod("Deployment shop/web", both, started)], {
        own: [pod("Deployment linkerd/linkerd-identity", both, hours(48))],
        ...(written && { written }),
      });
    const judged = (seen: SeenTrust, now?: Date) => judge("a=retiring b=active", { us: seen }, now);
    expect(judged(of(issuerOfB, hours(0.5)))).toMatchObject({
      told: [],
      next: "remove a from trust.anchors",
    });
    expect(judged(of(issuerOfA, hours(0.5))).told).toEqual(["us: its issuer is of a"]);
    const waiting = (after: string) =>
      `us: 1 of 2 pods (Deployment shop/web 1 of 1) may have an identity of the issuer before, ${after} after the change`;
    // Started after the certificate was made, but before identity controllers can have seen it.
    expect(judged(of(issuerOfB, hours(0.01))).told).toEqual([waiting("1 h 0 min")]);
    expect(judged(of(issuerOfB, undefined)).told).toEqual([waiting("1 h 0 min")]);
    expect(judged(of(issuerOfB, hours(-9)), hours(24)).told).toEqual([waiting("24 h 0 min")]);
    expect(judged(of(issuerOfB, hours(-9)), hours(25)).told).toEqual([]);
    expect(judged(of(issuerOfB, hours(-9))).blockers[0]?.fix).toBe(
      "restart them after 2026-11-01T00:02:00Z, or wait until 2026-11-02T00:02:00Z",
    );
    // A cluster that got its issuer long after it was made: it did not answer, or the issuer was given.
    expect(judged(of(issuerOfB, hours(29), hours(30)), hours(31)).told).toEqual([waiting("1 h 0 min")]);
    expect(judged(of(issuerOfB, hours(31), hours(30)), hours(31)).told).toEqual([]);
  });

  it("never, while an issuer chains to no anchor that some cluster trusts", () => {
    const us = trust(a.pem, issuerOfA, []);
    const eu = trust(b.pem, issuerOfB, []);
    expect(judge("a=active", { us, eu }).told).toEqual([
      "us: its issuer chains to no anchor that eu trusts",
      "eu: its bundle is not the fleet's",
      "eu: 1 of 1 pods (Deployment linkerd/linkerd-identity 1 of 1) started with another bundle",
      "eu: its issuer chains to no anchor that us trusts",
    ]);
  });

  it("never, while a cluster does not answer or holds no readable issuer", () => {
    const us = trust(a.pem, "?", []);
    const unread = { unread: "no answer within 10 s" };
    const verdict = judge("a=active", { us, eu: unread, apac: { unread: "there is no list of pods" } });
    expect(verdict.told).toEqual([
      "us: its issuer cannot be read as a certificate",
      "eu: it cannot be read: no answer within 10 s",
      "apac: it cannot be read: there is no list of pods",
    ]);
    expect(percentages(verdict)).toEqual({ us: 99, eu: undefined, apac: undefined });
  });
});

describe("what a step needs of a pod", () => {
  const step = (trusted: string, gone = ""): Need => ({
    trusted: [...trusted],
    gone: [...gone],
    whole: false,
  });
  const bundleOf = (ids: readonly string[]) =>
    known(ids.join(""))
      .map(({ pem }) => pem)
      .join("");

  it("is a bundle with the anchors that will sign, whichever others are in it", () => {
    fc.assert(
      fc.property(
        fc.subarray(["a", "b", "c"]),
        fc.subarray(["a", "b", "c"], { minLength: 1 }),
        (its, need) => {
          const us = trust(bundleOf(["a", "b", "c"]), issuerOfA, [
            pod("Deployment shop/web", bundleOf(its), issued),
          ]);
          const { blockers } = judgeReadiness(
            known("abc"),
            step(need.join("")),
            new Map([["us", us]]),
            hours(1),
          );
          expect(blockers.length === 0).toBe(need.every((id) => its.includes(id)));
        },
      ),
    );
  });

  it("is what a manager wrote, too: the cluster's own text of a bundle", () => {
    const text = `# managed\n${a.pem}\n\n${b.pem}`;
    const us = trust(text, issuerOfA, [pod("Deployment shop/web", text, issued)]);
    const judged = (need: Need) =>
      say(judgeReadiness(known("abc"), need, new Map([["us", us]]), hours(1)).blockers);
    expect(judged(step("b"))).toEqual([]);
    expect(judged(step("c"))[0]).toBe("us: its bundle lacks c");
  });

  it("does not hold up a cluster whose given issuer is of an anchor that stays", () => {
    const us = trust(bundleOf(["a", "b", "c"]), issuerOfA, []);
    const told = (need: Need) =>
      say(judgeReadiness(known("abc"), need, new Map([["us", us]]), hours(1)).blockers);
    expect(told(step("b", "c"))).toEqual([]);
    expect(told(step("b", "a"))).toEqual(["us: its issuer is of a"]);
  });
});

describe("the percentage of a cluster", () => {
  it("is 100 where nothing is in the way, and only there", () => {
    const some = fc.record({ ready: fc.nat(40), late: fc.nat(40), pending: fc.boolean() });
    fc.assert(
      fc.property(some, ({ ready, late, pending }) => {
        const blockers = late > 0 || pending ? [{ cluster: "us", what: "", fix: "" }] : [];
        const progress = { us: { seen: "", pods: { ready, of: ready + late } } };
        const percent = percentages({ progress, blockers }).us ?? -1;
        expect(percent === 100).toBe(blockers.length === 0);
        expect(percent).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("watching a rotation", () => {
  it("tells each change once, and ends when nothing is in the way", async () => {
    const both = a.pem + b.pem;
    const web = (...bundles: string[]) =>
      trust(
        both,
        issuerOfA,
        bundles.map((bundle) => pod("Deployment shop/web", bundle, hours(-9))),
      );
    const looks = [
      { us: web(a.pem, a.pem, a.pem), eu: { unread: "no answer within 10 s" } },
      { us: web(a.pem, a.pem, a.pem), eu: { unread: "no answer within 10 s" } },
      { us: web(both, both, a.pem), eu: web(both) },
      { us: web(both, both, both), eu: web(both) },
    ].map((of) => judge("a=active b=staged", of));
    const left = [...looks];
    const look = async () => {
      const next = left.shift();
      if (!next) throw new Error("looked once too often");
      return next;
    };
    const told: string[] = [];
    let pauses = 0;
    const last = await watch(look, {
      tell: (readiness) => told.push(describeProgress(readiness)),
      pause: async () => pauses++,
    });
    expect(last).toBe(looks[3]);
    expect([left, pauses]).toEqual([[], 3]);
    expect(told).toEqual([
      "us 25 % (1 of 4 pods), eu not read",
      "us 75 % (3 of 4 pods), eu 100 % (2 of 2 pods)",
      "us 100 % (4 of 4 pods), eu 100 % (2 of 2 pods)",
    ]);
  });
});
