import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../../fleet/decide";
import { describeServices } from "../../../fleet/outputs/describe";
import { outputsSchema, type RawOutputs } from "../../../fleet/outputs/schema";
import { type Plan, planFleet } from "../../../fleet/plan";
import { stackContext } from "../../../fleet/stacks/plan";
import { withoutAccrual } from "../../../fleet/traffic/defaults";
import { setsAccrual } from "../../../fleet/traffic/plan";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";
import { split } from "../../../testing/stacks";

/** What a deployment of a plan leaves behind. */
function outputsOf(plan: Plan): RawOutputs {
  return { services: outputsSchema.shape.services.parse(JSON.parse(JSON.stringify(describeServices(plan)))) };
}

function decided(input: FleetInput, last: RawOutputs): Plan {
  const step = { self: "acme/fleet/dev", crossStack: new Map(), unusable: [], now: new Date() };
  const { plan, refusal } = decide(configOf(input), { ...step, last });
  if (!plan) throw new Error(refusal);
  return plan;
}

const accrues = ({ exports }: Plan) =>
  exports
    .filter(({ annotations }) => setsAccrual(annotations))
    .map(({ cluster, name }) => `${cluster}/${name}`);

function sound(more: object = {}): FleetInput {
  const input = soundFleet();
  Object.assign(input.services[0], more);
  return input as FleetInput;
}

describe("failure accrual by default", () => {
  it("is a new federated service's, and stays its own in every later deployment", () => {
    fc.assert(
      fc.property(fleetInputs({ maxClusters: 4 }), (input) => {
        const first = decided(input, {});
        for (const { modes, annotations, accrual } of first.exports) {
          expect(accrual).toBe(modes.includes("federated") ? "default" : undefined);
          expect(setsAccrual(annotations)).toBe(modes.includes("federated"));
        }
        expect(decided(input, outputsOf(first)).exports).toEqual(first.exports);
        expect(withoutAccrual(planFleet(configOf(input)), [])).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("changes nothing of a fleet that was deployed before there was a default", () => {
    fc.assert(
      fc.property(fleetInputs({ maxClusters: 4 }), (input) => {
        const old = planFleet(configOf(input));
        const { exports } = decided(input, outputsOf(old));
        expect(exports).toEqual(old.exports);
        expect(outputsOf({ ...old, exports })).toEqual(outputsOf(old));
      }),
      { numRuns: 50 },
    );
  });

  it("does not come with a further member of an older service, and comes with another service", () => {
    const before = outputsOf(planFleet(configOf(sound({ in: ["us"] }))));
    const more = sound();
    more.services?.push({ name: "cart", namespace: "shop", mode: "federated", in: ["us"], ports: [8081] });
    for (const one of more.services ?? []) one.pods = { app: one.name };
    expect(accrues(decided(more, before))).toEqual(["us/cart"]);
  });

  it("gives way to what the stack file says", () => {
    const explicit = decided(sound({ failureAccrual: { maxFailures: 2 } }), {});
    expect(explicit.exports.map(({ accrual }) => accrual)).toEqual([undefined, undefined]);
    expect(accrues(explicit)).toEqual(["eu/checkout", "us/checkout"]);
    const none = decided(sound({ failureAccrual: { mode: "none" } }), {});
    expect(accrues(none)).toEqual([]);
    expect(withoutAccrual(none, [])).toEqual([]);
  });

  it("leaves alone a service with members in another stack, which would not follow", () => {
    const shared = split(configOf(sound()), (cluster) => (cluster === "eu" ? "eu" : "dev"));
    const plan = planFleet(shared, stackContext("acme/fleet/dev", shared, new Map()));
    expect(withoutAccrual(plan, [])).toEqual(["shop/checkout"]);
  });

  it("is told of the services that are older", () => {
    const old = planFleet(configOf(sound()));
    const services = outputsSchema.shape.services.parse(describeServices(old));
    expect(withoutAccrual(old, services)).toEqual(["shop/checkout"]);
    const given = planFleet(configOf(sound({ failureAccrual: {} })));
    expect(withoutAccrual(given, services)).toEqual([]);
  });
});
