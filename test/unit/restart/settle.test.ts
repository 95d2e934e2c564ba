import { describe, expect, it } from "vitest";
import { plannedOutputs } from "../../../fleet/outputs/describe";
import { describeFleet } from "../../../fleet/outputs/write";
import type { Plan } from "../../../fleet/plan";
import { rollingRestarts } from "../../../fleet/restart/objects";
import { settleRestarts } from "../../../fleet/restart/settle";
import type { SeenWorkloads, Workload } from "../../../fleet/restart/workloads";
import { selfSigned } from "../../../testing/certificates";
import { meshPlan } from "../../../testing/fleets";
import { pod, selection, workload } from "../../../testing/workloads";

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
