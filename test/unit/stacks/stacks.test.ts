import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CrossStackParts, crossStackOutputsOf } from "../../../components/stacks/crossStack";
import { keepTokens } from "../../../fleet/access/plan";
import type { FleetConfig } from "../../../fleet/config/fleetConfig";
import { deploymentOf } from "../../../fleet/outputs/deployed";
import { describeAccesses, describeLinks } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { type CrossStackOutputs, readCrossStack } from "../../../fleet/stacks/crossStack";
import { pendingNotes, sameStack, stackContext, stacksNear } from "../../../fleet/stacks/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf, meshConfig } from "../../../testing/fleets";
import { isSecretInput, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";
import { crossStackOutputsIn, deploy, split } from "../../../testing/stacks";

const linkNames = (links: readonly { source: string; target: string }[]) =>
  links.map(({ source, target }) => `${source} → ${target}`).sort();

describe("a fleet of several stacks", () => {
  const shuffledStacks = fc
    .tuple(fleetInputs({ minClusters: 2 }), fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat()))
    .map(([input, count, numbers]) => {
      const config = configOf(input);
      const of = new Map(
        Object.keys(config.clusters).map((name) => [name, `s${(numbers.next().value ?? 0) % count}`]),
      );
      const stacks = [...new Set(of.values())];
      const shuffled = () => [...stacks].sort(() => ((numbers.next().value ?? 0) % 2) - 0.5);
      return { config: split(config, (name) => of.get(name) ?? ""), rounds: [shuffled(), shuffled()] };
    });

  it("is whole after two rounds, whatever the order: each thing once, nothing pending", () => {
    fc.assert(
      fc.property(shuffledStacks, ({ config, rounds }) => {
        const whole = planFleet(config);
        const plans = [...deploy(config, rounds.flat()).values()];
        expect(plans.flatMap(({ pending }) => pending)).toEqual([]);
        const all = <T>(of: (plan: Plan) => readonly T[]) => plans.flatMap(of);
        expect(linkNames(all(({ links }) => links))).toEqual(linkNames(whole.links));
        expect(linkNames(all(({ accesses }) => accesses))).toEqual(linkNames(whole.accesses));
        expect(all(({ clusters }) => clusters.map(({ name }) => name)).sort()).toEqual(
          whole.clusters.map(({ name }) => name),
        );
        expect(all(({ exports }) => exports).length).toBe(whole.exports.length);
        expect(all(({ grants }) => grants).length).toBe(whole.grants.length);
      }),
    );
  });

  it("plans for a cluster the same as one stack for all would", () => {
    fc.assert(
      fc.property(shuffledStacks, ({ config, rounds }) => {
        const whole = new Map(planFleet(config).clusters.map((one) => [one.name, one]));
        for (const plan of deploy(config, rounds.flat()).values()) {
          for (const one of plan.clusters) expect(one).toEqual(whole.get(one.name));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a cluster added to a hundred in stacks of ten", () => {
  const stackOf = (name: string) =>
    name === "c101" ? "s9" : `s${Math.floor((Number(name.slice(1)) - 1) / 10)}`;
  const of = (count: number) => split(meshConfig(count), stackOf);
  const stacks = Array.from({ length: 10 }, (_, at) => `s${at}`);
  const neighbours = stacks.filter((stack) => stack !== stackOf("c101"));
  const crossStack = new Map<string, CrossStackOutputs>();
  deploy(of(100), stacks, crossStack);
  const before = deploy(of(100), stacks, crossStack);
  deploy(of(101), ["s9"], crossStack);
  const after = deploy(of(101), stacks, crossStack);
  const both = (stack: string) =>
    [before, after].map((plans) => {
      const plan = plans.get(stack);
      if (!plan) throw new Error(`${stack} was not planned`);
      return plan;
    }) as [Plan, Plan];

  it.each(neighbours)("is a link and an access more for each cluster of %s", (stack) => {
    const [old, now] = both(stack);
    const own = old.clusters.map(({ name }) => name);
    const added = (of: (plan: Plan) => Parameters<typeof linkNames>[0]) => {
      const known = new Set(linkNames(of(old)));
      expect(linkNames(of(now))).toEqual(expect.arrayContaining([...known]));
      return linkNames(of(now)).filter((name) => !known.has(name));
    };
    expect(added(({ links }) => links)).toEqual(own.map((name) => `${name} → c101`));
    expect(added(({ accesses }) => accesses)).toEqual(own.map((name) => `c101 → ${name}`).sort());
    const rest = ({ clusters, trust, exports, grants, routes }: Plan) => ({
      ...{ trust, exports, grants, routes },
      clusters: clusters.map(({ controllers, ...cluster }) => cluster),
    });
    expect(rest(now)).toEqual(rest(old));
  });

  it("makes the resources of that link and access, tells what mirrors and admits it, and touches nothing else", async () => {
    const ofC001 = async (plan: Plan) => {
      const narrow: Plan = {
        ...plan,
        clusters: plan.clusters.filter(({ name }) => name === "c001"),
        links: plan.links.filter(({ source }) => source === "c001"),
        accesses: plan.accesses.filter(({ target }) => target === "c001"),
        admissions: plan.admissions.filter(({ cluster }) => cluster === "c001"),
        // What this stack owns itself is as good as another's here.
        neighbours: [...plan.neighbours, ...plan.clusters].map((one) => ({
          ...one,
          stack: one.stack ?? "s0",
        })),
      };
      const secret = (key: string) => pulumi.secret(key);
      const registered = await runUnderMocks(() => void plannedFleet({ plan: narrow, crossStack, secret }));
      return new Map(registered.map(({ name, inputs }) => [name, inputs]));
    };
    const [old, now] = both("s0");
    const [had, has] = [await ofC001(old), await ofC001(now)];
    const changed = [...had].filter(([name, inputs]) => !isDeepStrictEqual(has.get(name), inputs));
    expect(changed.map(([name]) => name).sort()).toEqual([
      "c001-admission-linkerd-fleet-links",
      "c001-multicluster-release",
    ]);
    const made = [...has.keys()].filter((name) => !had.has(name));
    expect(made).toEqual(expect.arrayContaining(["c001-to-c101", "c001-for-c101"]));
    expect(made.filter((name) => !/^c001-(to|for)-c101(-|$)/.test(name))).toEqual([]);
  }, 60_000);
});

const two = fleetOf(
  { us: cluster("us", { stack: "prod-us" }), eu: cluster("eu", { stack: "acme/fleet/prod-eu" }) },
  { trust: { stack: "trust", anchors: [{ id: "2026", state: "active" }] } },
);
const US = "acme/fleet/prod-us";
const us = (crossStack: [string, CrossStackOutputs][], config = two) =>
  stackContext(US, config, new Map(crossStack));
const euOutputs = crossStackOutputsIn(planFleet(two, stackContext("acme/fleet/prod-eu", two, new Map())));

describe("a link into another stack", () => {
  it("waits for it, and the preview says for what", () => {
    const alone = planFleet(two, us([]));
    expect(alone.links).toEqual([]);
    expect(alone.clusters[0]?.controllers).toEqual([]);
    expect(pendingNotes(alone.pending)).toEqual([
      "Pending: us → eu waits for stack acme/fleet/prod-eu, which is not deployed yet. The next `pulumi up` after it completes it",
    ]);
    expect(describeLinks(alone)).toEqual([{ source: "us", target: "eu", modes: [], state: "pending" }]);
  });

  it.each([
    ["the access", { accesses: {} }, "does not grant the access yet"],
    ["the address of the gateway", { gateways: {} }, "has no address of its gateway yet"],
  ])("waits for %s", (_, lacking, why) => {
    const plan = planFleet(two, us([["acme/fleet/prod-eu", { ...euOutputs, ...lacking }]]));
    expect(plan.pending).toEqual([{ source: "us", target: "eu", stack: "acme/fleet/prod-eu", why }]);
  });

  it("is not lost when its stack is: the step is refused", () => {
    const before = deploymentOf(planFleet(two, us([["acme/fleet/prod-eu", euOutputs]])));
    const { refusal } = guardTransition({ deployed: before }, planFleet(two, us([])), []);
    expect(refusal).toContain("lose-link: link us → eu");
  });

  it("must be drained before it goes, as any other", () => {
    const before = deploymentOf(planFleet(two, us([["acme/fleet/prod-eu", euOutputs]])));
    const { eu: _, ...rest } = two.clusters;
    const { refusal } = guardTransition(
      { deployed: before },
      planFleet({ ...two, clusters: rest }, us([])),
      [],
    );
    expect(refusal).toContain("remove-undrained-link: link us → eu");
  });

  it("keeps the old token until the other stack says that it uses the new one", () => {
    const rotated: FleetConfig = { ...two, access: { ...two.access, generation: 2 } };
    const last = { accesses: [{ source: "eu", target: "us", generation: 1, tokens: [1] }] };
    const tokens = (generation: number) => {
      const uses = { us: { eu: generation } };
      const plan = keepTokens(planFleet(rotated, us([["acme/fleet/prod-eu", { ...euOutputs, uses }]])), last);
      return describeAccesses(plan, true).map((access) => access.tokens);
    };
    expect(tokens(1)).toEqual([[1, 2]]);
    expect(tokens(2)).toEqual([[2]]);
  });
});

describe("what a stack hands over", () => {
  it("is read only in a schema that this version knows", () => {
    expect(readCrossStack(undefined)).toEqual({ crossStackOutputs: undefined });
    expect(readCrossStack({ handover: euOutputs }).crossStackOutputs).toEqual(euOutputs);
    expect(readCrossStack({ handover: { ...euOutputs, schema: 2 } }).problem).toBe(
      "hands over schema 2, and this version of the program reads 1",
    );
    expect(readCrossStack({ handover: { schema: 1, gateways: 3 } }).problem).toContain("cannot read");
  });

  it("is asked of the stacks at the other ends of the links, and of the one with the anchors", () => {
    expect(stacksNear(two, "acme/fleet/prod-us")).toEqual(["acme/fleet/prod-eu", "trust"]);
    expect(stacksNear(two, "acme/fleet/trust")).toEqual([]);
  });

  /** us and mx in this stack, eu in another. */
  async function threeClusters() {
    const three = split(fleetOf({ us: cluster("us"), mx: cluster("mx"), eu: cluster("eu") }), (name) =>
      name === "eu" ? "prod-eu" : "prod-us",
    );
    const eu = crossStackOutputsIn(planFleet(three, stackContext("prod-eu", three, new Map())));
    const plan = planFleet(three, us([["prod-eu", eu]], three));
    let parts: CrossStackParts | undefined;
    const registered = await runUnderMocks(() => {
      const crossStack = new Map([["prod-eu", { ...euOutputs, accesses: accessesFor(["us", "mx"]) }]]);
      parts = plannedFleet({ plan, crossStack, secret: (key) => pulumi.secret(key) }).crossStackParts;
    });
    if (!parts) throw new Error("no parts");
    return { plan, parts, registered };
  }

  it("is secret, and holds the accesses of the other stacks' sources only", async () => {
    const { plan, parts, registered } = await threeClusters();
    expect(registered.filter(({ type }) => type.endsWith(":Link")).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["us-to-eu-link", "mx-to-eu-link", "us-to-mx-link"]),
    );
    const credentials = registered.find(({ name }) => name === "us-to-eu-mirror");
    expect(isSecretInput(credentials?.inputs.data)).toBe(true);
    const outputs = await crossStackOutputsOf(plan, parts, {});
    if (!outputs) throw new Error("no outputs");
    expect(await pulumi.isSecret(outputs)).toBe(true);
    const value = await new Promise<unknown>((resolve) => outputs?.apply(resolve));
    const { crossStackOutputs: read } = readCrossStack({ handover: value });
    expect(Object.keys(read?.accesses.us ?? {})).toEqual(["eu"]);
    expect(read?.uses).toEqual({ eu: { us: 1, mx: 1 } });
  });

  it("says that a source uses a token, or selects services, once it does: one that is down keeps what it had", async () => {
    const { plan, parts } = await threeClusters();
    const of = async (id: pulumi.Output<string>, handover: object) => {
      const links = parts.links.map((link) => {
        const selects = { gateway: [{ name: "web", namespace: "shop" }] };
        const read = link.plan.source === "us" ? [...link.read, { id }] : link.read;
        return { plan: { ...link.plan, selects }, generation: 2, read };
      });
      const made = await crossStackOutputsOf(plan, { ...parts, links }, { handover });
      const value = await new Promise<unknown>((resolve) => made?.apply(resolve));
      return readCrossStack({ handover: value }).crossStackOutputs;
    };
    const last = { schema: 1, uses: { eu: { us: 1 } }, selects: { eu: { us: ["before"] } } };
    const down = pulumi.output(pulumi.unknown).apply(String);
    expect((await of(down, last))?.uses).toEqual({ eu: { us: 1, mx: 2 } });
    expect((await of(down, last))?.selects.eu?.us).toEqual(["before"]);
    expect((await of(down, {}))?.uses).toEqual({ eu: { mx: 2 } });
    const up = await of(pulumi.output("up"), last);
    expect(up?.uses).toEqual({ eu: { us: 2, mx: 2 } });
    expect(up?.selects.eu?.us).not.toEqual(["before"]);
  });
});

function accessesFor(sources: string[]): CrossStackOutputs["accesses"] {
  const access = { serviceAccount: "sa", generation: 1, token: "t", caData: "Y2E=" };
  return { eu: Object.fromEntries(sources.map((source) => [source, access])) };
}

describe("the names of stacks", () => {
  it.each([
    ["prod", "acme/fleet/prod", true],
    ["acme/fleet/prod", "acme/fleet/prod", true],
    ["acme/other/prod", "acme/fleet/prod", false],
    ["prod", "acme/fleet/prod-eu", false],
  ])("%s and %s: the same stack, %s", (a, b, same) => {
    expect(sameStack(a, b)).toBe(same);
    expect(sameStack(b, a)).toBe(same);
  });
});
