import { expect, test } from "vitest";
import { decide } from "../../../fleet/decide";
import { describeFleet } from "../../../fleet/outputs/write";
import { planFleet } from "../../../fleet/plan";
import { fleetOf } from "../../../testing/fleets";

const clusters = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      { context: name, network: "shared", apiServer: `https://api.${name}.example.com` },
    ]),
  );
const before = { self: "acme/fleet/dev", last: {}, crossStack: new Map(), unusable: [], now: new Date() };
const made = { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: "" };

test("a first deployment has a plan, and a note that there is nothing to compare it with", () => {
  const { plan, refusal, notes } = decide(fleetOf(clusters("us", "eu")), before);
  expect(plan?.links).toHaveLength(2);
  expect(refusal).toBeUndefined();
  expect(notes.join()).toContain("No complete deployment in the stack's outputs");
});

test("a step that the transition guard refuses has no plan, and its words", () => {
  const config = fleetOf(clusters("us", "eu", "apac"));
  const last = describeFleet(planFleet(config), made, { complete: true, last: {} });
  const { plan, refusal } = decide(fleetOf(clusters("us", "eu")), { ...before, last });
  expect(plan).toBeUndefined();
  expect(refusal).toContain("This step from the last deployment is not safe");
});

test("outputs of other stacks that cannot be used are all told, and nothing is planned", () => {
  const unusable = ["stack a is of another version", "stack b is of another version"];
  const { plan, refusal } = decide(fleetOf(clusters("us")), { ...before, unusable });
  expect(plan).toBeUndefined();
  for (const one of unusable) expect(refusal).toContain(one);
});

test("anchors of another stack come first", () => {
  const config = fleetOf(clusters("us"), {
    trust: { stack: "trust", anchors: [{ id: "2026", state: "active" }] },
  });
  expect(decide(config, before).refusal).toContain("run `pulumi up` in the stack trust");
});
