import { createHash } from "node:crypto";
import { deployedAfter } from "../fleet/outputs/deployed";
import { describePlan } from "../fleet/outputs/describe";
import type { Plan } from "../fleet/plan";
import type { MeshedPod } from "../fleet/trust/pods";
import type { SeenTrust } from "../fleet/trust/readiness";
import { certificate, type Pair } from "./authority";
import { meshPlan } from "./fleets";

const IDS = ["a", "b", "c"] as const;
export type Id = (typeof IDS)[number];
export const issued = new Date("2026-11-01T00:00:00Z");
export const hours = (count: number) => new Date(issued.getTime() + count * 3_600_000);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Three trust anchors. */
export let authorities: Record<Id, Pair>;
/** An issuer of each. */
export let issuers: Record<Id, string>;
/** Makes them, before the tests of a file. */
export async function makeAnchors(): Promise<void> {
  const made = await Promise.all(
    IDS.map(async (id) => {
      const anchor = await certificate({ host: `${id}.root.linkerd.cluster.local`, ca: true });
      const of = { host: "identity.linkerd.cluster.local", ca: true, from: hours(-1000) };
      return [id, { anchor, issuer: (await certificate(of, anchor)).pem }] as const;
    }),
  );
  authorities = Object.fromEntries(made.map(([id, { anchor }]) => [id, anchor])) as Record<Id, Pair>;
  issuers = Object.fromEntries(made.map(([id, { issuer }]) => [id, issuer])) as Record<Id, string>;
}

/** As a stack file lists them. */
export const listed = (anchors: string) =>
  anchors.split(" ").map((anchor) => {
    const [id, state] = anchor.split("=");
    return { id, state };
  });
/** A mesh with these anchors: `a=active b=staged`. */
export const fleetWith = (anchors: string, count = 2): Plan =>
  meshPlan(count, { trust: { anchors: listed(anchors) } });
export const bundle = (anchors: string) =>
  [...anchors.matchAll(/(\w)=/g)].map(([, id]) => authorities[id as Id].pem).join("");
/** As a deployment leaves them. */
export const outputsOf = (anchors: string, before: Record<string, unknown>, plan: Plan, complete = true) =>
  JSON.parse(
    JSON.stringify({
      deployed: deployedAfter(before, plan, complete),
      plan: describePlan(plan),
      trustBundle: bundle(anchors),
    }),
  ) as Record<string, unknown>;
export const deployed = (anchors: string, count = 2) => outputsOf(anchors, {}, fleetWith(anchors, count));

export const pod = (workload: string, of: string, started: Date): MeshedPod => ({
  ...{
    workload,
    started,
    trustRoot: sha256(of),
    proxyVersion: undefined,
    isControlPlane: workload.includes("linkerd/"),
  },
});
export const seenWith = (of: string, issuer: Id, written: Date, pods: readonly MeshedPod[]): SeenTrust => ({
  bundle: { pem: of, written: issued },
  issuer: { pem: issuers[issuer], written },
  pods,
});
