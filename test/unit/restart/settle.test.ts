import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plannedOutputs } from "../../../fleet/outputs/describe";
import { describeFleet } from "../../../fleet/outputs/write";
import type { Plan } from "../../../fleet/plan";
import { rollingRestarts } from "../../../fleet/restart/objects";
import {
  type RollingPlan,
  type Selection,
  type WorkloadRestart,
  workloadKey,
} from "../../../fleet/restart/plan";
import { WORKLOAD_KINDS, type WorkloadKind } from "../../../fleet/restart/schema";
import { planWaves, settleRestarts } from "../../../fleet/restart/settle";
import {
  type SeenWorkloads,
  type Workload,
  workloadOf,
  workloadShape,
  workloadsPath,
} from "../../../fleet/restart/workloads";
import type { MeshedPod } from "../../../fleet/trust/pods";
import { selfSigned } from "../../../testing/certificates";
import { meshPlan } from "../../../testing/fleets";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const selection = (namespace: string, more: Partial<Selection> = {}): Selection => ({
  ...{ path: "restart.workloads[0]", namespace, kinds: WORKLOAD_KINDS },
  ...more,
});
const workload = (key: string, more: Partial<Workload> = {}): Workload => {
  const [kind = "", path = ""] = key.split(" ");
  const [namespace = "", name = ""] = path.split("/");
  return {
    ...{ kind: kind as WorkloadKind, namespace, name, mark: undefined, settled: true, manual: undefined },
    ...more,
  };
};
const pod = (key: string, bundle: string, version = "edge-26.8.3"): MeshedPod => ({
  ...{ workload: key, trustRoot: sha256(bundle), proxyVersion: version, started: undefined },
  isControlPlane: key.includes(" linkerd/"),
});

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

describe("the restarts of a deployment", () => {
  const [a, b] = [selfSigned({ curve: "P-256" }).pem, selfSigned({ curve: "P-256" }).pem];
  const anchor = (id: string, certificate: string, state = "active") => ({
    ...{ id, state, certificate, privateKey: { secret: "key" } },
  });
  const KEY = "Deployment shop/web";
  const fleet = ({
    anchors = [anchor("a", a)],
    version = "2026.8.3",
    restart = { workloads: [{ namespace: "shop" }] },
  }: {
    anchors?: object[];
    version?: string;
    restart?: object;
  } = {}): Plan => meshPlan(2, { trust: { anchors }, linkerd: { version }, restart });
  const outputsOf = (plan: Plan, bundle: string, complete = true) =>
    JSON.parse(
      JSON.stringify(
        describeFleet(
          plan,
          { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: bundle },
          { complete, last: {} },
        ),
      ),
    ) as Record<string, unknown>;
  const seen = (bundle: string, version = "edge-26.8.3", more: Partial<Workload> = {}): SeenWorkloads => ({
    selected: [{ selection: selection("shop"), count: 1, workloads: [workload(KEY, more)] }],
    pods: [pod(KEY, bundle, version), pod("Deployment linkerd/linkerd-identity", bundle, version)],
    bundle,
  });
  const settle = (plan: Plan, one: SeenWorkloads, last: Record<string, unknown>) =>
    settleRestarts(
      plan,
      new Map([
        ["c001", one],
        ["c002", seen(a)],
      ]),
      last,
    );
  const restarts = (plan: Plan, cluster = 0) => plan.clusters[cluster]?.restart.rolling?.restarts;

  const before = fleet();
  const last = outputsOf(before, a);
  const mark = "anchors a; Linkerd 2026.8.3";

  it("are none where nothing changes, and none in a fleet that did not ask", () => {
    expect(restarts(settle(before, seen(a), last).plan)).toEqual([]);
    const plan = meshPlan(2, { trust: { anchors: [anchor("a", a)] } });
    expect(settleRestarts(plan, new Map(), last)).toEqual({ plan, notes: [], warnings: [] });
  });

  it("an anchor that joins restarts everything that is selected", () => {
    const plan = fleet({ anchors: [anchor("a", a), anchor("b", b, "staged")] });
    const { plan: next, notes } = settle(plan, seen(a), last);
    expect(restarts(next)).toMatchObject([
      { name: "web", mark: "anchors a, b; Linkerd 2026.8.3", after: [] },
    ]);
    expect(notes).toContain(
      "c001: 1 workload restarts, at most 1 at once: Deployment shop/web (trust bundle)",
    );
  });

  it("one that is still to be generated does so too", () => {
    const plan = fleet({ anchors: [anchor("a", a), { id: "b", state: "staged" }] });
    expect(restarts(settle(plan, seen(a), last).plan)).toHaveLength(1);
  });

  it("one that begins to sign restarts nothing", () => {
    const staged = fleet({ anchors: [anchor("a", a), anchor("b", b, "staged")] });
    const moved = fleet({ anchors: [anchor("a", a, "retiring"), anchor("b", b)] });
    expect(restarts(settle(moved, seen(a + b), outputsOf(staged, a + b)).plan)).toEqual([]);
  });

  it("an upgrade restarts it for its proxy, also where an `up` before failed half-way", () => {
    const next = fleet({ version: "2026.9.1" });
    const { plan, notes } = settle(next, seen(a), last);
    expect(restarts(plan)).toMatchObject([{ mark: "anchors a; Linkerd 2026.9.1" }]);
    expect(notes.join()).toContain("(proxy edge-26.8.3)");
    expect(restarts(settle(next, seen(a, "edge-26.9.1"), last).plan)).toEqual([]);
  });

  it("an upgrade of charts whose proxies' version is not known restarts everything once", () => {
    const [from, to] = ["2.18.1", "2.19.0"].map((version) =>
      meshPlan(2, {
        trust: { anchors: [anchor("a", a)] },
        linkerd: { channel: "enterprise", version, license: { secret: "license" } },
        restart: { workloads: [{ namespace: "shop" }] },
      }),
    ) as [Plan, Plan];
    const target = "anchors a; Linkerd 2.19.0";
    const outputs = outputsOf(from, a);
    expect(restarts(settle(from, seen(a, "enterprise-2.18.1"), outputs).plan)).toEqual([]);
    expect(restarts(settle(to, seen(a, "enterprise-2.18.1"), outputs).plan)).toMatchObject([
      { mark: target },
    ]);
    const after = settle(to, seen(a, "enterprise-2.19.0", { mark: target }), outputsOf(to, a));
    expect(after.notes).toEqual([]);
  });

  it("what the cluster was restarted for is kept, and its owner's own restart counts", () => {
    const plan = settle(before, seen(a, "edge-26.8.3", { mark }), last).plan;
    expect(restarts(plan)).toMatchObject([{ mark, after: [] }]);
    expect(
      restarts(settle(fleet({ version: "2026.9.1" }), seen(a, "edge-26.9.1", { mark }), last).plan),
    ).toMatchObject([{ mark }]);
  });

  it("a cluster that was not read keeps what the outputs say, and is told", () => {
    const deployed = outputsOf(settle(before, seen(a, "edge-26.8.3", { mark }), last).plan, a);
    const next = fleet({ version: "2026.9.1" });
    const { plan, warnings } = settleRestarts(
      next,
      new Map([["c001", { unread: "pods is forbidden" }]]),
      deployed,
    );
    expect(restarts(plan)).toEqual([{ kind: "Deployment", namespace: "shop", name: "web", mark, after: [] }]);
    expect(warnings).toEqual([
      expect.stringMatching(/^c001: .* was not read: pods is forbidden\. None restarts/),
      expect.stringMatching(/^c002: .* was not read\. None restarts/),
    ]);
  });

  it("lost outputs restart nothing that has the bundle of its cluster", () => {
    const generated = fleet({ anchors: [{ id: "a", state: "active" }] });
    expect(restarts(settle(generated, seen(a), {}).plan)).toEqual([]);
  });

  it("a selection that selects nothing anywhere is told", () => {
    const none = { ...seen(a), selected: [{ selection: selection("shop"), count: 0, workloads: [] }] };
    const { warnings } = settleRestarts(
      before,
      new Map([
        ["c001", none],
        ["c002", none],
      ]),
      last,
    );
    expect(warnings).toEqual([
      "restart.workloads[0] selects no workload in c001, c002: check its namespace, name, labels and kinds",
    ]);
    expect(
      settleRestarts(
        before,
        new Map([
          ["c001", none],
          ["c002", seen(a)],
        ]),
        last,
      ).warnings,
    ).toEqual([]);
    expect(settleRestarts(before, new Map([["c001", none]]), last).warnings.join()).not.toContain(
      "selects no",
    );
  });

  it("are patches of one annotation, in the outputs, and in the order of their waves", () => {
    const plan = settle(fleet({ version: "2026.9.1" }), seen(a), last).plan;
    const [cluster] = plan.clusters;
    if (!cluster) throw new Error("no cluster");
    expect(rollingRestarts(cluster)).toEqual([
      {
        id: "shop/deployment/web",
        apiVersion: "apps/v1",
        kind: "Deployment",
        patch: true,
        metadata: {
          name: "web",
          namespace: "shop",
          annotations: { "pulumi.com/patchForce": "true" },
        },
        spec: {
          template: {
            metadata: { annotations: { "linkerd-fleet/restarted-for": "anchors a; Linkerd 2026.9.1" } },
          },
        },
        after: [],
      },
    ]);
    expect(plannedOutputs(plan).plan.clusters.c001?.restarts).toMatchObject([{ name: "web" }]);
    expect(plannedOutputs(meshPlan(1)).plan.clusters.c001).not.toHaveProperty("restarts");
  });
});

describe("a workload as an API server has it", () => {
  const read = (kind: WorkloadKind, spec: object, status: object, generation = 2) =>
    workloadOf(
      kind,
      workloadShape.parse({
        metadata: { namespace: "shop", name: "web", generation },
        spec: { template: {}, ...spec },
        status,
      }),
    );
  const rolled = { observedGeneration: 2, updatedReplicas: 3, readyReplicas: 3 };

  it.each([
    ["is settled", "Deployment", { replicas: 3 }, rolled, true],
    [
      "is not seen by its controller",
      "Deployment",
      { replicas: 3 },
      { ...rolled, observedGeneration: 1 },
      false,
    ],
    ["has old pods", "StatefulSet", { replicas: 3 }, { ...rolled, updatedReplicas: 2 }, false],
    ["has pods that are not ready", "StatefulSet", { replicas: 3 }, { ...rolled, readyReplicas: 2 }, false],
    [
      "is on all nodes",
      "DaemonSet",
      {},
      { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 2 },
      true,
    ],
    [
      "is missing on a node",
      "DaemonSet",
      {},
      { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 1 },
      false,
    ],
  ] as const)("that %s", (_, kind, spec, status, settled) => {
    expect(read(kind, spec, status).settled).toBe(settled);
  });

  it("says why a changed template restarts nothing", () => {
    expect(read("Deployment", { paused: true }, rolled).manual).toBe("it is paused");
    expect(read("DaemonSet", { updateStrategy: { type: "OnDelete" } }, rolled).manual).toBe(
      "its update strategy is OnDelete",
    );
    const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
    expect(read("StatefulSet", rolling({ partition: 2 }), rolled).manual).toBe(
      "a partition keeps pods from being updated",
    );
    expect(read("StatefulSet", rolling({ partition: 0 }), rolled).manual).toBeUndefined();
    expect(read("DaemonSet", rolling({ maxUnavailable: "10%" }), rolled).manual).toBeUndefined();
  });

  it("is asked for by namespace and labels, or by its name", () => {
    const path = (more: Partial<Selection>) =>
      decodeURIComponent(workloadsPath(selection("shop", more), "StatefulSet"));
    expect(path({})).toBe("/apis/apps/v1/namespaces/shop/statefulsets");
    expect(path({ selector: "app in (web),!canary" })).toMatch(/\?labelSelector=app in \(web\),!canary$/);
    expect(path({ name: "db" })).toMatch(/\?fieldSelector=metadata.name=db$/);
  });
});
