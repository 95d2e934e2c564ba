import { describe, expect, it } from "vitest";
import { describe as tell } from "../../../ops/report/describe";
import { readPreview } from "../../../ops/report/preview";
import { previewOf } from "../../../testing/preview";

describe("the report of a preview", () => {
  it("tells which Deployments restart, once for all clusters", () => {
    const restart = (cluster: string) => ({
      op: "create",
      type: "kubernetes:apps/v1:DeploymentPatch",
      name: `${cluster}-destination-restart`,
      after: { metadata: { name: "linkerd-destination" } },
      cluster,
    });
    expect(tell(readPreview(previewOf([restart("eu"), restart("us")])))).toEqual([
      { title: "Restarts", lines: [{ text: "linkerd-destination of eu, us" }] },
    ]);
  });

  it("tells which selected workloads restart, and for what; one that leaves the state restarts no more", () => {
    const restart = (op: string, kind: string, name: string, cluster: string) => ({
      ...{ op, cluster, type: `kubernetes:apps/v1:${kind}Patch`, name: `${cluster}-${name}` },
      [op === "delete" ? "before" : "after"]: {
        metadata: { name, namespace: "shop" },
        spec: {
          template: {
            metadata: { annotations: { "linkerd-fleet/restarted-for": "anchors a; Linkerd 2026.9.1" } },
          },
        },
      },
    });
    const steps = [
      restart("create", "StatefulSet", "db", "eu"),
      restart("update", "DaemonSet", "logs", "eu"),
      restart("update", "StatefulSet", "db", "us"),
      restart("delete", "Deployment", "web", "us"),
    ];
    expect(tell(readPreview(previewOf(steps)))).toEqual([
      {
        title: "Restarts",
        lines: [
          { text: "StatefulSet shop/db of eu, us (anchors a; Linkerd 2026.9.1)" },
          { text: "DaemonSet shop/logs of eu (anchors a; Linkerd 2026.9.1)" },
        ],
      },
    ]);
  });

  it("tells a cluster's new state, and nothing of one that only learnt to tell it", () => {
    const cluster = (name: string, before: object, after: object) => ({
      op: "update",
      type: "linkerd-fleet:cluster:Cluster",
      name,
      before,
      after,
    });
    const json = previewOf([
      cluster("eu", { state: "active" }, { state: "draining" }),
      cluster("us", {}, { state: "active" }),
    ]);
    expect(tell(readPreview(json))).toEqual([
      { title: "Clusters", lines: [{ text: "eu: active → draining" }] },
    ]);
  });
});
