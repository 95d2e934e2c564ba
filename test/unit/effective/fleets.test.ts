import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coverageGaps } from "../../../fleet/grants/coverage";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { compareAccess, type Raw } from "../../../testing/effective";
import {
  clusterFrom,
  type Lists,
  networkOf,
  plannedClusters,
  plannedObjects,
} from "../../../testing/effectiveFleet";

const plans = fleetInputs({ maxClusters: 4 }).map((input) => planFleet(configOf(input)));

describe("the objects of any fleet", () => {
  test("let through what the stack file declares, and nothing else", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(compareAccess(plan, plannedClusters(plan))).toEqual([]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  const spare = fc.uniqueArray(fc.constantFrom(9090, 9999), { minLength: 1 });
  test("leave a port that nobody declared open, and that is told before its export opens", () => {
    let open = 0;
    fc.assert(
      fc.property(plans, spare, fc.boolean(), (plan, ports, isLed) => {
        const clusters = new Map(
          plan.clusters.map((planned) => {
            const lists = plannedObjects(plan, planned, networkOf(planned), ports);
            const services = isLed ? lists.services.map((one) => leadingTo(one, ports)) : lists.services;
            return [planned.name, { planned, lists: { ...lists, services } }] as const;
          }),
        );
        const live = (of: (lists: Lists) => Raw) =>
          new Map([...clusters].map(([name, { planned, lists }]) => [name, clusterFrom(of(lists), planned)]));
        const told = [...live(({ services, pods }) => ({ services, pods })).values()].flatMap((cluster) =>
          coverageGaps(plan, cluster),
        );
        expect(told.every(({ kind, opens }) => kind === "undeclared" && opens)).toBe(true);
        const differences = compareAccess(
          plan,
          live((lists) => lists),
        );
        for (const { kind, cluster, namespace, name, port } of differences) {
          open += 1;
          expect(kind).toBe("open");
          expect(ports).toContain(port);
          const of = { cluster, namespace, name };
          expect(told).toContainEqual(
            expect.objectContaining({
              grant: expect.objectContaining(of),
              problem: expect.stringContaining(` port ${port}`),
            }),
          );
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
    expect(open).toBeGreaterThan(30);
  });

  function leadingTo(service: object, ports: readonly number[]): object {
    const { spec, ...rest } = service as { spec: { ports: object[] } };
    const more = ports.map((port) => ({ name: `spare-${port}`, port }));
    return { ...rest, spec: { ...spec, ports: [...spec.ports, ...more] } };
  }
});
