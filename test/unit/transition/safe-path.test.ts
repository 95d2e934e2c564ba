import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Deployment } from "../../../fleet/outputs/schema";
import { judgeTransition } from "../../../fleet/transition/judge";
import { deployments, FOREIGN, has, older, planned, sameLink, signerOf } from "../../../testing/deployments";

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
});
