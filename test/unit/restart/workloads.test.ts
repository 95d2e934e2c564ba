import { describe, expect, it } from "vitest";
import type { Selection } from "../../../fleet/restart/plan";
import type { WorkloadKind } from "../../../fleet/restart/schema";
import { workloadOf, workloadShape, workloadsPath } from "../../../fleet/restart/workloads";
import { selection } from "../../../testing/workloads";

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
