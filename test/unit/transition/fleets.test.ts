import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deploymentOf, readDeployment } from "../../../fleet/outputs/deployed";
import { planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { judgeTransition } from "../../../fleet/transition/judge";
import { transitionRule } from "../../../fleet/transition/schema";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { deployments, FOREIGN, planned, sameLink } from "../../../testing/deployments";

describe("any two deployments", () => {
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
