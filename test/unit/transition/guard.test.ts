import { describe, expect, it } from "vitest";
import { deploymentOf } from "../../../fleet/outputs/deployed";
import { PLAN_SCHEMA } from "../../../fleet/outputs/schema";
import { planFleet } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { type Sections, soundFleet } from "../../../testing/mistakes/sound";
import { anchors } from "../../../testing/steps";

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
