import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { preflight } from "../../../components/preflight";
import type { Plan } from "../../../fleet/plan";
import type { Asked, Reply } from "../../../testing/apiServer";
import { meshPlan } from "../../../testing/fleets";
import { machine } from "../../../testing/machine";

const here = machine();

describe("before workloads restart", () => {
  const plan = meshPlan(2, { restart: { workloads: [{ namespace: "shop", selector: "app=web" }] } });
  const bundle = "bundle of the cluster";
  const pod = (name: string, of: string, owner?: string) => ({
    metadata: {
      ...{ namespace: "shop", name, labels: { "linkerd.io/control-plane-ns": "linkerd" } },
      annotations: { "linkerd.io/trust-root-sha256": createHash("sha256").update(of).digest("hex") },
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ kind: "StatefulSet", name: owner, controller: true }] }),
    },
    spec: { containers: [{ name: "linkerd-proxy" }] },
  });
  const set = (name: string) => ({
    metadata: { namespace: "shop", name },
    spec: { template: { metadata: {} } },
    status: { updatedReplicas: 1, readyReplicas: 1 },
  });

  let asked: string[];
  async function haveClusters(other: (asked: Asked) => Reply = () => undefined): Promise<void> {
    asked = [];
    await here.haveContexts(["c001", "c002"], (question) => {
      const { path, query } = question;
      asked.push(`${path}?${query}`);
      const special = other(question);
      if (special !== undefined) return special;
      if (path.endsWith("/version")) return { body: {} };
      if (path.endsWith("/linkerd-identity-trust-roots"))
        return { body: { data: { "ca-bundle.crt": bundle } } };
      if (path === "/c001/api/v1/pods") {
        const items = [pod("db-0", "another", "db"), pod("new-0", bundle, "new")];
        return { body: { metadata: {}, items } };
      }
      const items = path === "/c001/apis/apps/v1/namespaces/shop/statefulsets" ? [set("db"), set("new")] : [];
      return { body: { metadata: {}, items } };
    });
  }

  const look = (of: Plan, isPreview: boolean) =>
    preflight(of, () => undefined, { isPreview, last: {}, rotation: undefined });
  const restarts = (of: Plan) =>
    of.clusters.map(({ restart }) => restart.rolling?.restarts.map(({ name }) => name));

  it("those that are selected are read, and those with an old bundle are planned", async () => {
    await haveClusters();
    const { plan: next, notes, refusal } = await look(plan, true);
    expect(refusal).toBeUndefined();
    expect(restarts(next)).toEqual([["db"], []]);
    expect(notes).toEqual([
      "c001: 1 workload restarts, at most 1 at once: StatefulSet shop/db (trust bundle)",
    ]);
    expect(asked).toContain(
      "/c001/apis/apps/v1/namespaces/shop/daemonsets?labelSelector=app%3Dweb&limit=500",
    );
    expect(asked.join()).not.toContain("secrets");
  });

  it("a fleet that selects none is not asked", async () => {
    await haveClusters();
    await look(meshPlan(2), true);
    expect(asked.join()).not.toMatch(/pods|statefulsets/);
  });

  it("a cluster that does not answer, or lets nobody list pods, holds up no other", async () => {
    await haveClusters(({ path }) =>
      path === "/c002/api/v1/pods" ? { status: 403, body: { message: "pods is forbidden" } } : undefined,
    );
    const { plan: next, warnings, refusal } = await look(plan, false);
    expect(refusal).toBeUndefined();
    expect(restarts(next)).toEqual([["db"], []]);
    expect(warnings).toEqual([expect.stringMatching(/^c002: .* was not read: pods is forbidden/)]);
    await here.stop();
    await haveClusters(({ path }) => (path.startsWith("/c002/") ? "hang" : undefined));
    const silent = await look(plan, false);
    expect(restarts(silent.plan)).toEqual([["db"], []]);
    expect(silent.warnings).toContainEqual(expect.stringMatching(/^c002: .* was not read\. None restarts/));
  });
});
