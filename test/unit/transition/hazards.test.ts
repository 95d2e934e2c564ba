import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeployedAnchor, DeployedCluster, Deployment } from "../../../fleet/outputs/schema";
import { judgeTransition } from "../../../fleet/transition/judge";
import { type TransitionRule, transitionRule } from "../../../fleet/transition/schema";
import {
  deployments,
  FOREIGN,
  has,
  NAMES,
  older,
  planned,
  sameLink,
  signerOf,
} from "../../../testing/deployments";

describe("any two deployments", () => {
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
