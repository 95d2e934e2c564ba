import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goals } from "../../../bench/goals";
import { exponent, shares } from "../../../bench/growth";
import { plotSvg } from "../../../bench/plot";
import { performanceDocuments } from "../../../bench/report";
import { BENCHES, type Line, parseResults, type Results } from "../../../bench/result";
import { callsOf, stepsOf } from "../../../bench/steps";

function near(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
}

describe("growth", () => {
  it("finds the exponent of a power, whatever its factor", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 3, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 2 }),
        (power, factor, sizes) => {
          near(exponent(sizes.map((size) => ({ size, value: factor * size ** power }))), power);
        },
      ),
    );
  });

  it("tells what clusters and links add from what there is at all", () => {
    const cost = fc.double({ min: 0.1, max: 100, noNaN: true });
    fc.assert(
      fc.property(cost, cost, cost, (fixed, cluster, link) => {
        const fleets = [3, 10, 30].flatMap((clusters) => [
          { clusters, links: 2 * (clusters - 1) },
          { clusters, links: clusters * (clusters - 1) },
        ]);
        const found = shares(fleets, (fleet) => fixed + cluster * fleet.clusters + link * fleet.links);
        near(found.fixed, fixed);
        near(found.cluster, cluster);
        near(found.link, link);
      }),
    );
  });
});

describe("a plot", () => {
  const plot = (samples: { size: number; value: number }[]) =>
    plotSvg({ title: "t & u", across: "clusters", up: "s", series: [{ name: "hub", samples }] });
  const points = (svg: string) =>
    [...svg.matchAll(/<circle cx="(-?\d+)" cy="(-?\d+)"/g)].map(
      ([, x, y]) => [Number(x), Number(y)] as const,
    );

  it("holds every sample inside its frame, whatever the sizes", () => {
    const value = fc.double({ min: 0.001, max: 100_000, noNaN: true });
    const sample = fc.record({ size: fc.integer({ min: 1, max: 10_000 }), value });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1 }), (samples) => {
        const drawn = points(plot(samples));
        expect(drawn).toHaveLength(samples.length);
        for (const [x, y] of drawn) {
          expect(x).toBeGreaterThanOrEqual(64);
          expect(x).toBeLessThanOrEqual(410);
          expect(y).toBeGreaterThanOrEqual(40);
          expect(y).toBeLessThanOrEqual(312);
        }
      }),
    );
  });

  it("shows a power as a straight line", () => {
    const [a, b, c] = points(plot([1, 10, 100].map((size) => ({ size, value: size ** 2 }))));
    if (!a || !b || !c) throw new Error("three points were to be drawn");
    expect(Math.abs(b[0] - (a[0] + c[0]) / 2)).toBeLessThanOrEqual(1);
    expect(Math.abs(b[1] - (a[1] + c[1]) / 2)).toBeLessThanOrEqual(1);
  });

  it("is well-formed whatever it is called", () => {
    expect(plot([{ size: 1, value: 1 }])).toContain("t &#38; u");
  });
});

describe("the page of the figures", () => {
  it("names only parts that can be run, and every part can be", () => {
    const page = readFileSync("docs/performance.md", "utf8");
    const named = [...page.matchAll(/npm run bench -- ([a-z ]+)/g)].flatMap(([, names = ""]) =>
      names.trim().split(" "),
    );
    expect(named.filter((name) => !BENCHES.some((bench) => bench === name))).toEqual([]);
    const names = readdirSync("bench").flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : []));
    expect(BENCHES.filter((name) => !names.includes(name))).toEqual([]);
    const runs = names.filter((name) => /^main\(/m.test(readFileSync(join("bench", `${name}.ts`), "utf8")));
    expect(runs.filter((name) => !BENCHES.some((bench) => bench === name))).toEqual([]);
  });

  const page =
    "before\n<!-- Written by `npm run bench -- --write`, from docs/performance/results.json. -->\nold\n<!-- End of what the bench writes. -->\nafter\n";
  const size = { shape: "hub", clusters: 100, links: 198, resources: 6188 } as const;
  const of = (...lines: Line[]): Results => ({
    benches: { one: { machine: "a machine", load: 0.1, date: "2026-11-21", lines } },
  });

  it("keeps what people wrote, and replaces what the bench wrote", () => {
    const results = of({ kind: "evaluation", ...size, seconds: 4.5, memoryMB: 900 });
    const { "docs/performance.md": written = "" } = performanceDocuments(page, results);
    expect(written).toMatch(/^before\n/);
    expect(written).toMatch(/\nafter\n$/);
    expect(written).not.toContain("old");
    expect(written).toContain("| hub | 100 | 198 | 6,188 | 4.5 s | 900 MB |");
    expect(performanceDocuments(written, results)["docs/performance.md"]).toBe(written);
  });

  it("says which targets were missed, and only those", () => {
    const judged = (seconds: number) => {
      const results = of({ kind: "evaluation", ...size, seconds, memoryMB: 900 });
      return performanceDocuments(page, results)["docs/performance.md"]?.includes("| missed |");
    };
    expect(judged(10)).toBe(false);
    expect(judged(10.01)).toBe(true);
  });

  it("judges many stacks by the time of thirty, and only of thirty", () => {
    const stacks = (count: number): Line => ({
      kind: "stacks",
      ...size,
      shape: "hub of hubs",
      stacks: count,
      parallel: 2,
      runs: 2 * count,
      seconds: 1801,
      stateKB: 1,
      largestMB: 1,
      oneMore: { seconds: 1, resources: 1, stateKB: 1 },
    });
    expect(goals(of(stacks(30)))).toMatchObject([{ figure: 1801, target: 1800 }]);
    expect(goals(of(stacks(6)))).toMatchObject([{ figure: 1801, target: undefined }]);
  });

  it("takes no results of another shape", () => {
    expect(() => parseResults('{"benches":{"one":{"lines":[{"kind":"figure"}]}}}')).toThrow();
  });
});

describe("a trace of the engine", () => {
  const span = (name: string, from: number, to: number, more: object = {}) => ({
    name,
    startTimeUnixNano: `${17n * 10n ** 17n + BigInt(from * 1e9)}`,
    endTimeUnixNano: `${17n * 10n ** 17n + BigInt(to * 1e9)}`,
    ...more,
  });
  const file = (...spans: object[]) =>
    spans.map((one) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [one] }] }] })).join("\n");
  const about = (urn: string) => ({
    attributes: [{ key: "Msg", value: { stringValue: `{"gRPC request":"urn:\\"${urn}\\" …"}` } }],
  });

  it("tells the long steps with their clusters, and leaves out the short and those without a start", () => {
    const calls = callsOf(
      file(
        span("pulumi", 0, 9),
        { ...span("pulumirpc.ResourceMonitor/RegisterResource", 0, 2), startTimeUnixNano: "-1" },
        span("pulumirpc.LanguageRuntime/Run", 0.5, 9),
        span("pulumirpc.Engine/RequirePulumiVersion", 2, 2),
        span("pulumirpc.ResourceMonitor/RegisterResource", 2.5, 8),
        span("/pulumirpc.ResourceProvider/Create", 3, 7, about("urn:pulumi:dev::p::t::eu-linkerd-crds")),
        span("/pulumirpc.ResourceProvider/Create", 3, 3.1, about("urn:pulumi:dev::p::t::eu-role")),
      ),
    );
    expect(stepsOf(calls, ["us", "eu"])).toEqual([
      { what: "the program starts", from: 0.5, to: 2 },
      { what: "the program plans, and asks the clusters", from: 2, to: 2.5 },
      { what: "create linkerd-crds in eu", from: 3, to: 7 },
      { what: "the whole run", from: 0, to: 9 },
    ]);
  });
});
