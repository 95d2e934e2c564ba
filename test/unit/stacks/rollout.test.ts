import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { FleetConfig } from "../../../fleet/config/fleetConfig";
import { type Job, planRollout } from "../../../fleet/stacks/rollout";
import { operatorStacks } from "../../../ops/rollout/render";
import { progressOf, runJobs } from "../../../ops/rollout/run";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf } from "../../../testing/fleets";

const fleet = (more: Record<string, Record<string, unknown>>, trust: Record<string, unknown> = {}) =>
  fleetOf(Object.fromEntries(Object.entries(more).map(([name, of]) => [name, cluster(name, of)])), {
    trust: { anchors: [{ id: "2026", state: "active" }], ...trust },
  });
const lines = (jobs: readonly Job[]) =>
  jobs.map(({ id, needs }) => (needs.length === 0 ? id : `${id} after ${needs.join(", ")}`));

describe("the order of the stacks", () => {
  it("begins with the trust anchors, goes wave by wave, and ends with the links that had to wait", () => {
    const config = fleet(
      { us: { stack: "prod-us" }, mx: { stack: "prod-mx", wave: 1 }, eu: { stack: "prod-eu" } },
      { stack: "trust" },
    );
    expect(lines(planRollout(config))).toEqual([
      "trust-1",
      "prod-eu-1 after trust-1",
      "prod-us-1 after trust-1",
      "prod-mx-1 after prod-eu-1, prod-us-1",
      "prod-eu-2 after prod-eu-1, prod-mx-1, prod-us-1",
      "prod-us-2 after prod-eu-1, prod-mx-1, prod-us-1",
    ]);
  });

  it("has no second round for stacks without links into later ones, and none at all for one stack", () => {
    const alone = fleet({ us: { stack: "prod" }, eu: { stack: "prod" } }, { stack: "prod" });
    expect(lines(planRollout(alone))).toEqual(["prod-1"]);
    expect(planRollout(fleet({ us: {} }))).toEqual([]);
  });

  it("tells stacks of one short name apart, and knows one stack by both its names", () => {
    const stacks = { us: "acme/us-infra/prod", eu: "acme/eu-infra/prod", mx: "acme/mx/dev", br: "dev" };
    const named = Object.entries(stacks).map(([name, stack]) => [name, { stack }]);
    const jobs = planRollout(fleet(Object.fromEntries(named), { stack: "trust" }));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
    expect(jobs.filter(({ round }) => round === 1).map(({ id }) => id)).toEqual([
      "trust-1",
      "acme/eu-infra/prod-1",
      "dev-1",
      "acme/us-infra/prod-1",
    ]);
    const source = { repository: "https://git.example.com/fleet", branch: "main", namespace: "pulumi" };
    const resources = parseAllDocuments(operatorStacks(jobs, source)).map((one) => one.toJS().metadata.name);
    expect(resources).toEqual(["trust", "acme-eu-infra-prod", "dev", "acme-us-infra-prod"]);
  });

  it("tells the stack that makes keys and has no cluster", () => {
    const keysOnly = (config: FleetConfig) =>
      planRollout(config).flatMap(({ id, keysOnly = false }) => (keysOnly ? [id] : []));
    const clusters = { us: { stack: "prod-us" }, eu: { stack: "prod-eu" } };
    expect(keysOnly(fleet(clusters, { stack: "trust" }))).toEqual(["trust-1"]);
    expect(keysOnly(fleet(clusters, { stack: "prod-us" }))).toEqual([]);
    expect(keysOnly(fleet(clusters, { stack: "acme/linkerd-fleet/prod-us" }))).toEqual([]);
  });

  it("never needs a job that comes later, whatever the fleet", () => {
    fc.assert(
      fc.property(fleetInputs(), fc.infiniteStream(fc.nat(4)), (input, numbers) => {
        const config = configOf(input);
        const clusters = Object.entries(config.clusters).map(([name, of]) => {
          const [stack, wave] = [numbers.next().value ?? 0, numbers.next().value ?? 0];
          return [name, { ...of, stack: `acme/fleet/s${stack}`, wave }];
        });
        const jobs = planRollout({ ...config, clusters: Object.fromEntries(clusters) });
        const seen = new Set<string>();
        for (const { id, needs } of jobs) {
          for (const need of needs) expect(seen).toContain(need);
          seen.add(id);
        }
        expect(seen.size).toBe(jobs.length);
      }),
    );
  });
});

it("the progress of a rollout says how long the rest takes, after those that ran in it", () => {
  const jobs = { all: 102, done: 21, ran: 21, seconds: 588 };
  expect(progressOf(jobs)).toBe("21 of 102 done, about 38 min to go");
  expect(progressOf({ ...jobs, done: 72 })).toBe("72 of 102 done, about 14 min to go");
  expect(progressOf({ ...jobs, done: 102 })).toBe("102 of 102 done");
});

describe("running the jobs", () => {
  const job = (id: string, ...needs: string[]): Job => ({ id, stack: id, round: 1, wave: 0, needs });
  const jobs = [job("a"), job("b"), job("c", "a"), job("d", "b"), job("e", "c", "d")];

  it("stops where a job failed, and nowhere else", async () => {
    const ran: string[] = [];
    const outcomes = await runJobs(
      jobs,
      async ({ id }) => {
        ran.push(id);
        return id !== "a";
      },
      { parallel: 2, done: new Set() },
    );
    expect(Object.fromEntries(outcomes)).toEqual({
      a: "failed",
      b: "succeeded",
      c: "skipped",
      d: "succeeded",
      e: "skipped",
    });
    expect(ran.sort()).toEqual(["a", "b", "d"]);
  });

  it("does not repeat what is done, and never runs more than it may at once", async () => {
    let running = 0;
    let most = 0;
    const ran: string[] = [];
    const work = async ({ id }: Job) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      ran.push(id);
      return true;
    };
    await runJobs(jobs, work, { parallel: 2, done: new Set(["a", "b"]) });
    expect(ran.sort()).toEqual(["c", "d", "e"]);
    expect(most).toBe(2);
  });
});

it("the operator's stacks wait for those of the wave before", () => {
  const config = fleet({ us: { stack: "acme/fleet/prod-us" } }, { stack: "trust" });
  const source = { repository: "https://example.com/fleet", branch: "main", namespace: "pulumi" };
  const stacks = parseAllDocuments(operatorStacks(planRollout(config), source)).map((document) =>
    document.toJS(),
  );
  expect(stacks).toMatchObject([
    { kind: "Stack", metadata: { name: "trust" }, spec: { stack: "trust", branch: "main" } },
    {
      metadata: { name: "prod-us" },
      spec: { stack: "acme/fleet/prod-us", prerequisites: [{ name: "trust" }] },
    },
  ]);
});
