import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RollingPlan, type WorkloadRestart, workloadKey } from "../../../fleet/restart/plan";
import { WORKLOAD_KINDS } from "../../../fleet/restart/schema";
import { planWaves } from "../../../fleet/restart/settle";
import type { SeenWorkloads, Workload } from "../../../fleet/restart/workloads";
import type { MeshedPod } from "../../../fleet/trust/pods";
import { pod, selection, sha256, workload } from "../../../testing/workloads";

describe("the waves of a cluster", () => {
  const aim = { bundles: new Set([sha256("new")]), versions: new Set(["edge-26.8.3"]) };
  const rolling: Pick<RollingPlan, "target" | "atOnce" | "on"> = {
    ...{ target: "new", atOnce: 2, on: ["anchors", "version"] },
  };
  const waves = (
    some: readonly (readonly [Workload, ...MeshedPod[]])[],
    more: Partial<typeof rolling> = {},
  ) =>
    planWaves(
      { ...rolling, ...more },
      {
        selected: [{ selection: selection("shop"), count: some.length, workloads: some.map(([one]) => one) }],
        pods: some.flatMap(([, ...pods]) => pods),
        bundle: undefined,
      },
      aim,
    );
  const names = (some: readonly WorkloadRestart[]) => some.map(workloadKey);
  const old = (key: string, more: Partial<Workload> = {}) =>
    [workload(key, more), pod(key, "new"), pod(key, "old")] as const;

  it("one old pod is enough, for its bundle or its proxy, and says why", () => {
    const { told } = waves([
      old("Deployment shop/web"),
      [workload("StatefulSet shop/db"), pod("StatefulSet shop/db", "new", "edge-26.7.1")],
    ]);
    expect(told).toEqual(["Deployment shop/web (trust bundle)", "StatefulSet shop/db (proxy edge-26.7.1)"]);
  });

  it("only for the reasons that are asked for", () => {
    const key = "StatefulSet shop/db";
    const some = [old("Deployment shop/web"), [workload(key), pod(key, "new", "edge-26.7.1")]] as const;
    expect(names(waves(some, { on: ["anchors"] }).waves)).toEqual(["Deployment shop/web"]);
    expect(names(waves(some, { on: ["version"] }).waves)).toEqual([key]);
  });

  it("a workload without a proxy is never touched, nor one whose pods are up to date", () => {
    const key = "Deployment shop/web";
    expect(waves([[workload("Deployment shop/plain")], [workload(key), pod(key, "new")]])).toEqual({
      ...{ kept: [], waves: [], told: [], warnings: [] },
    });
  });

  it("a wave waits for all of the one before", () => {
    const keys = ["a", "b", "c", "d", "e"].map((name) => `Deployment shop/${name}`);
    expect(waves(keys.map((key) => old(key))).waves.map(({ name, after }) => [name, after.length])).toEqual([
      ["a", 0],
      ["b", 0],
      ["c", 2],
      ["d", 2],
      ["e", 2],
    ]);
  });

  it("while one that was restarted is not ready, no other restarts", () => {
    const key = "Deployment shop/a";
    const {
      waves: none,
      kept,
      warnings,
    } = waves([old(key, { mark: "new", settled: false }), old("Deployment shop/b", { mark: "before" })]);
    expect(none).toEqual([]);
    expect(kept.map(({ name, mark }) => [name, mark])).toEqual([
      ["a", "new"],
      ["b", "before"],
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/^Deployment shop\/a restarted and is not ready yet.*: Deployment shop\/b\./),
    ]);
  });

  it("one that is broken, paused or restarted by hand is left out, and told; the others go on", () => {
    const { waves: some, warnings } = waves([
      old("Deployment shop/broken", { settled: false }),
      old("Deployment shop/paused", { manual: "it is paused" }),
      old("StatefulSet shop/hand", { manual: "its update strategy is OnDelete" }),
      old("Deployment shop/web"),
    ]);
    expect(names(some)).toEqual(["Deployment shop/web"]);
    expect(warnings).toEqual([
      expect.stringMatching(/^Deployment shop\/broken is not ready, and does not restart until it is/),
      "Deployment shop/paused has old pods, and it is paused: restart its pods yourself",
      "StatefulSet shop/hand has old pods, and its update strategy is OnDelete: restart its pods yourself",
    ]);
  });

  /** Workloads as a cluster may have them, in two selections. */
  const cluster = fc
    .array(
      fc.record({
        kind: fc.constantFrom(...WORKLOAD_KINDS),
        namespace: fc.constantFrom("shop", "bi"),
        mark: fc.constantFrom(undefined, "before", "new"),
        settled: fc.boolean(),
        manual: fc.constantFrom(undefined, undefined, undefined, "it is paused"),
        pods: fc.array(
          fc.tuple(fc.constantFrom("old", "new"), fc.constantFrom("edge-26.7.1", "edge-26.8.3")),
          {
            maxLength: 3,
          },
        ),
      }),
      { maxLength: 12 },
    )
    .map((all): SeenWorkloads => {
      const named = all.map(({ pods, ...one }, at) => ({ one: { ...one, name: `w${at}` }, pods }));
      return {
        selected: ["shop", "bi"].map((namespace) => {
          const workloads = named.filter(({ one }) => one.namespace === namespace).map(({ one }) => one);
          return { selection: selection(namespace), count: workloads.length, workloads };
        }),
        pods: named.flatMap(({ one, pods }) =>
          pods.map(([bundle, version]) => pod(workloadKey(one), bundle, version)),
        ),
        bundle: undefined,
      };
    });

  it("touch only what is selected and due, a few at a time, one selection after the other, and nothing twice", () => {
    fc.assert(
      fc.property(cluster, fc.integer({ min: 1, max: 4 }), (seen, atOnce) => {
        const { waves, kept } = planWaves({ ...rolling, atOnce }, seen, aim);
        const all = new Map(
          seen.selected.flatMap(({ workloads }) => workloads.map((one) => [workloadKey(one), one])),
        );
        const isOld = (key: string) =>
          seen.pods.some(
            (one) =>
              one.workload === key && (one.trustRoot !== sha256("new") || one.proxyVersion !== "edge-26.8.3"),
          );
        for (const one of waves) {
          const key = workloadKey(one);
          expect(one.mark).toBe("new");
          expect(all.get(key)).toMatchObject({ settled: true, manual: undefined });
          expect(all.get(key)?.mark).not.toBe("new");
          expect(isOld(key)).toBe(true);
        }
        // What is kept keeps what it has: a patch of the same value restarts nothing.
        for (const one of kept) expect(all.get(workloadKey(one))?.mark).toBe(one.mark);
        expect(kept.length + waves.length).toBe(new Set([...kept, ...waves].map(workloadKey)).size);
        // Each mark that the cluster has stays in the state.
        const marked = [...all.values()].filter(({ mark }) => mark !== undefined);
        const told = new Set([...kept, ...waves].map(workloadKey));
        for (const one of marked) expect(told.has(workloadKey(one))).toBe(true);

        const sizes = Map.groupBy(waves, ({ after }) => after.join());
        for (const [, wave] of sizes) expect(wave.length).toBeLessThanOrEqual(atOnce);
        const done = new Set<string>();
        let running: string[] = [];
        for (const { after, ...one } of waves) {
          if (after.some((key) => !done.has(key))) {
            for (const key of running) done.add(key);
            running = [];
          }
          for (const key of after) expect(done.has(key)).toBe(true);
          running.push(workloadKey({ ...one }));
          expect(running.length).toBeLessThanOrEqual(atOnce);
        }
        expect(waves.map(({ namespace }) => namespace)).toEqual([
          ...waves.filter(({ namespace }) => namespace === "shop").map(() => "shop"),
          ...waves.filter(({ namespace }) => namespace === "bi").map(() => "bi"),
        ]);
      }),
    );
  });

  it("are none in the next deployment, once everything is up to date", () => {
    fc.assert(
      fc.property(cluster, (seen) => {
        const first = planWaves(rolling, seen, aim);
        const marks = new Map([...first.kept, ...first.waves].map((one) => [workloadKey(one), one.mark]));
        const after: SeenWorkloads = {
          ...seen,
          selected: seen.selected.map((one) => ({
            ...one,
            workloads: one.workloads.map((some) => ({
              ...some,
              settled: true,
              mark: marks.get(workloadKey(some)),
            })),
          })),
          pods: seen.pods.map((one) => pod(one.workload, "new")),
        };
        const second = planWaves(rolling, after, aim);
        expect(second.waves).toEqual([]);
        expect(new Map(second.kept.map((one) => [workloadKey(one), one.mark]))).toEqual(marks);
      }),
    );
  });
});
