import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ageWarning, destinationAnnotation, keepTokens } from "../../../fleet/access/plan";
import { describeAccesses } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { meshConfig, meshPlan } from "../../../testing/fleets";
import { runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const plan = (generations: Readonly<Record<string, number>>): Plan =>
  planFleet(
    meshConfig(3, {
      access: {
        generations: Object.entries(generations).map(([pair, generation]) => {
          const [source, target] = pair.split(">");
          return { source, target, generation };
        }),
      },
    }),
  );

describe("the tokens of an access", () => {
  it("never die while a source may hold them, whichever cluster fails in whichever deployment", () => {
    const deployment = fc.record({
      generation: fc.integer({ min: 1, max: 4 }),
      targetAnswers: fc.boolean(),
      sourceAnswers: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(deployment, { maxLength: 8 }), (deployments) => {
        let outputs: Record<string, unknown> = {};
        const valid = new Set<number>();
        let held: number | undefined;
        for (const { generation, targetAnswers, sourceAnswers } of deployments) {
          const next = keepTokens(plan({ "c001>c002": generation }), outputs);
          const tokens = next.accesses.find((a) => a.source === "c001" && a.target === "c002")?.tokens ?? [];
          if (targetAnswers) for (const token of tokens) valid.add(token);
          if (sourceAnswers && valid.has(generation)) held = generation;
          // The engine deletes last, what the plan does not keep, in a cluster that answers.
          if (targetAnswers) for (const token of valid) if (!tokens.includes(token)) valid.delete(token);
          outputs = { accesses: describeAccesses(next, targetAnswers && sourceAnswers) };
          if (held !== undefined) expect(valid).toContain(held);
        }
      }),
    );
  });

  it("are one again in the deployment after a complete one", () => {
    const rotated = keepTokens(plan({ "c001>c002": 2 }), {
      accesses: describeAccesses(plan({}), true),
    });
    const tokens = (of: Plan) => of.accesses.map((access) => access.tokens.join());
    expect(tokens(rotated)).toEqual(["1,2", "1", "1", "1", "1", "1"]);
    const after = keepTokens(plan({ "c001>c002": 2 }), { accesses: describeAccesses(rotated, true) });
    expect(tokens(after)).toEqual(["2", "1", "1", "1", "1", "1"]);
    const failed = keepTokens(plan({ "c001>c002": 2 }), { accesses: describeAccesses(rotated, false) });
    expect(tokens(failed)).toEqual(tokens(rotated));
  });

  it("rotate all at once by one number, but for the accesses that have their own", () => {
    const access = { generation: 3, generations: [{ source: "c001", target: "c002", generation: 5 }] };
    expect(meshPlan(3, { access }).accesses.map(({ generation }) => generation)).toEqual([5, 3, 3, 3, 3, 3]);
  });
});

describe("the mark that restarts a destination controller", () => {
  it("is there only where something was rotated, and differs for any other generation", () => {
    const marks = (generations: Record<string, number>) =>
      ["c001", "c002", "c003"].map((source) => destinationAnnotation(plan(generations).accesses, source));
    expect(marks({})).toEqual([undefined, undefined, undefined]);
    expect(marks({ "c001>c002": 2, "c001>c003": 7, "c003>c001": 2 })).toEqual([
      "c002=2,c003=7",
      undefined,
      "c001=2",
    ]);
  });
});

describe("the age of a token", () => {
  const [access] = plan({}).accesses;
  if (!access) throw new Error("no access");
  const now = new Date("2026-11-21T00:00:00Z");
  it.each([
    ["older than the limit", "2026-08-01T00:00:00Z", 90, true],
    ["as old as the limit", "2026-08-23T00:00:00Z", 90, false],
    ["young", "2026-11-20T00:00:00Z", 90, false],
    ["of no limit", "2020-01-01T00:00:00Z", undefined, false],
    ["not known", undefined, 90, false],
    ["unreadable", "yesterday", 90, false],
  ])("%s", (_, created, maxAge, warned) => {
    const warning = ageWarning(access, created, maxAge, now);
    if (warned) {
      expect(warning).toContain("c001 reads c002 is 112 days old");
      expect(warning).toContain("{ target: c002, source: c001, generation: 2 }");
    } else expect(warning).toBeUndefined();
  });

  it("is told of the token in use, by a preview", async () => {
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const rotated = keepTokens(meshPlan(2, { access: { maxAge: "90d", generation: 2 } }), {
      accesses: [{ source: "c001", target: "c002", tokens: [1] }],
    });
    const secret = () => pulumi.secret("");
    await runUnderMocks(() => void plannedFleet({ plan: rotated, secret }));
    expect(warn.mock.calls.map(([message]) => message).sort()).toEqual([
      expect.stringContaining("c001 reads c002"),
      expect.stringContaining("c002 reads c001"),
    ]);
    warn.mockRestore();
  });
});

describe("a rotated access under the mocks", () => {
  it("has both tokens, gives the source the new one, and makes both of its readers read it", async () => {
    const rotated = keepTokens(plan({ "c001>c002": 2 }), {
      accesses: describeAccesses(plan({}), true),
    });
    const all = await runUnderMocks(
      () => void plannedFleet({ plan: rotated, secret: () => pulumi.secret("") }),
    );
    const tokens = all.filter(({ name }) => /^c002-for-c001-token/.test(name)).map(({ name }) => name);
    expect(tokens).toEqual(["c002-for-c001-token", "c002-for-c001-token-2"]);
    for (const copy of ["destination", "mirror"]) {
      const secret = all.find(({ name }) => name === `c001-to-c002-${copy}`);
      const { data } = JSON.parse(JSON.stringify(secret?.inputs));
      const { kubeconfig } = "value" in data ? data.value : data;
      const text = Buffer.from(typeof kubeconfig === "string" ? kubeconfig : kubeconfig.value, "base64");
      expect(text.toString()).toContain(Buffer.from("ca c002-for-c001-token-2").toString("base64"));
    }
    const marked = all.filter(({ inputs }) =>
      JSON.stringify(inputs).includes("linkerd-fleet/token-generation"),
    );
    expect(marked.map(({ name, dependsOn }) => `${name} after ${dependsOn}`).sort()).toEqual([
      "c001-destination-restart after c001-to-c002-destination,c001-to-c003-destination",
      "c001-to-c002-link after c001-to-c002-mirror",
    ]);
  });
});
