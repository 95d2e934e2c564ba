import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareAccess } from "../../../fleet/effective/compare";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { plannedClusters, UNDECLARED_PORT } from "../../../testing/effectiveFleet";

const plans = fleetInputs({ maxClusters: 4 }).map((input) => planFleet(configOf(input)));

describe("the objects of any fleet", () => {
  test("let through what the stack file declares, and nothing else", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const found = compareAccess(plan, plannedClusters(plan));
        expect(found.filter(({ port }) => port !== UNDECLARED_PORT)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
