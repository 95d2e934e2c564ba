import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { decide } from "../../../fleet/decide";
import { describeLinks, describeServices } from "../../../fleet/outputs/describe";
import { byName, outputsSchema, type RawOutputs } from "../../../fleet/outputs/schema";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";
import { split } from "../../../testing/stacks";

type Change = (input: ReturnType<typeof soundFleet>) => void;

/** us divides its calls between its own `reports` and that of eu; apac sees both. */
function fleet(change: Change = () => {}): FleetInput {
  const input = soundFleet();
  input.services = [
    {
      ...{ name: "reports", namespace: "bi", mode: "flat", in: ["us", "eu"], ports: [8080] },
      allow: [{ namespace: "bi", serviceAccount: "web" }],
      pods: { app: "reports" },
      traffic: { port: 80, prefer: "local", from: ["us"] },
    },
  ];
  change(input);
  return input as FleetInput;
}

const evacuated: Change = (input) => {
  input.clusters.eu.evacuate = true;
};
const drained: Change = (input) => {
  input.topology.links.push({ source: "us", target: "eu", state: "draining" });
};

function outputsOf(plan: Plan): RawOutputs {
  const services = outputsSchema.shape.services.parse(JSON.parse(JSON.stringify(describeServices(plan))));
  return { services, links: byName(describeLinks(plan)) };
}

const STEP = { self: "acme/fleet/dev", crossStack: new Map(), unusable: [], now: new Date() };

function planned(change: Change | undefined, last: RawOutputs): Plan {
  const { plan, refusal } = decide(configOf(fleet(change)), { ...STEP, last });
  if (!plan) throw new Error(refusal);
  return plan;
}

/** What the step from one fleet to another registers; without `from`, the first deployment. */
async function step(from: Change | undefined | "nothing", to?: Change): Promise<readonly Registered[]> {
  const last = from === "nothing" ? {} : outputsOf(planned(from, {}));
  const plan = planned(to, last);
  return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
}

/** Whether the engine has finished one resource before it begins another. */
function isBefore(all: readonly Registered[], first: string, second: string): boolean {
  const named = (name: string) => all.filter((one) => one.name === name);
  expect(named(first)).toHaveLength(1);
  expect(named(second)).toHaveLength(1);
  const seen = new Set<string>();
  const open = [second];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...named(name).flatMap(({ dependsOn }) => dependsOn));
  }
  return seen.has(first);
}

const ROUTE = "us-bi-reports-traffic-80-route";
const LABEL = "eu-bi-reports-labels";
const LINK = "us-to-eu-link";

describe("between a route and what makes the mirror to which it leads", () => {
  it("an evacuation changes the route before it takes the label away", async () => {
    const all = await step(undefined, evacuated);
    expect(isBefore(all, ROUTE, LABEL)).toBe(true);
    expect(isBefore(all, LABEL, ROUTE)).toBe(false);
  });

  it("the way back gives the label before it changes the route", async () => {
    const all = await step(evacuated);
    expect(isBefore(all, LABEL, ROUTE)).toBe(true);
    expect(isBefore(all, ROUTE, LABEL)).toBe(false);
  });

  it("a link that begins to drain does so after the route, and one that comes back before it", async () => {
    const drains = await step(undefined, drained);
    expect(isBefore(drains, ROUTE, LINK)).toBe(true);
    const back = await step(drained);
    expect(isBefore(back, LINK, ROUTE)).toBe(true);
    expect(isBefore(back, ROUTE, LINK)).toBe(false);
  });

  it("a first deployment makes the mirror first", async () => {
    const all = await step("nothing");
    expect(isBefore(all, LABEL, ROUTE)).toBe(true);
    expect(isBefore(all, LINK, ROUTE)).toBe(true);
  });

  it("neither waits where nothing comes or goes, so that a dead cluster keeps no other from its routes", async () => {
    for (const all of [await step(undefined), await step(evacuated, evacuated)]) {
      expect(isBefore(all, LABEL, ROUTE)).toBe(false);
      expect(isBefore(all, ROUTE, LABEL)).toBe(false);
      expect(isBefore(all, LINK, ROUTE)).toBe(false);
    }
  });

  it("nothing waits in a circle, whatever comes and goes at once", async () => {
    const both: Change = (input) => {
      input.services[0].traffic = { port: 80, prefer: "local" };
      input.services[0].to = ["us", "eu"];
    };
    const cluster: Change = (input) => {
      both(input);
      input.clusters.us.evacuate = true;
    };
    const drains: Change = (input) => {
      both(input);
      input.clusters.eu.evacuate = true;
      drained(input);
    };
    for (const [from, to] of [
      [cluster, drains],
      [drains, cluster],
      [evacuated, both],
      [both, cluster],
    ] as const) {
      const all = await step(from, to);
      const routes = all.filter(({ name }) => name.endsWith("-traffic-80-route"));
      expect(routes.length).toBeGreaterThan(0);
    }
  });
});

describe("between stacks", () => {
  const noted = (from: Change | undefined, to: Change | undefined, self: string) => {
    const shared = (change: Change | undefined) =>
      split(configOf(fleet(change)), (cluster) => `acme/fleet/${cluster}`);
    const trusted = (change: Change | undefined) => ({
      ...shared(change),
      trust: { ...shared(change).trust, stack: `acme/fleet/${self}` },
    });
    const context = { self: `acme/fleet/${self}`, blocker: () => undefined, inUse: () => 1 };
    const last = outputsOf(planFleet(trusted(from), context));
    const { warnings } = decide(trusted(to), { ...STEP, self: context.self, last });
    return warnings.filter((warning) => warning.includes("with this stack file first"));
  };

  it("an evacuation is told to go through the callers' stack first, and its end through the member's", () => {
    expect(noted(undefined, evacuated, "eu")).toEqual([
      expect.stringMatching(
        /bi\/reports of eu loses its mirror services.*us of stack acme\/fleet\/us.*first$/,
      ),
    ]);
    expect(noted(evacuated, undefined, "us")).toEqual([
      expect.stringMatching(/Callers in us .*reports of eu again.*deploy stack acme\/fleet\/eu/),
    ]);
  });

  it("nothing is told where nothing comes or goes", () => {
    for (const self of ["us", "eu", "apac"]) {
      expect(noted(undefined, undefined, self)).toEqual([]);
      expect(noted(evacuated, evacuated, self)).toEqual([]);
    }
  });
});
