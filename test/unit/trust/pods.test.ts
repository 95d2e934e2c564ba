import { expect, it } from "vitest";
import { meshedPods, meshedPodsPath, podShape } from "../../../fleet/trust/pods";

const HASH = { "linkerd.io/trust-root-sha256": "abc", "linkerd.io/proxy-version": "edge-26.8.3" };
const proxy = { containers: [{ name: "web" }, { name: "linkerd-proxy" }] };

/** The pods among these that count, by their workload. */
const counted = (...pods: { metadata: object; spec?: object; status?: object }[]) =>
  meshedPods(
    pods.map(({ metadata, ...rest }) =>
      podShape.parse({ metadata: { namespace: "shop", name: "web-1", ...metadata }, ...rest }),
    ),
  );

it("asks for the pods of one control plane that have not ended", () => {
  expect(decodeURIComponent(meshedPodsPath("linkerd"))).toBe(
    "/api/v1/pods?labelSelector=linkerd.io/control-plane-ns=linkerd" +
      "&fieldSelector=status.phase!=Succeeded,status.phase!=Failed",
  );
});

it.each([
  ["a container", proxy],
  ["a native sidecar", { containers: [{ name: "web" }], initContainers: [{ name: "linkerd-proxy" }] }],
])("a pod whose proxy is %s counts, also if it does not say its bundle", (_, spec) => {
  const [pod] = counted({
    metadata: { annotations: HASH },
    spec,
    status: { startTime: "2026-11-01T00:00:00Z" },
  });
  expect(pod).toEqual({
    workload: "Pod shop/web-1",
    trustRoot: "abc",
    proxyVersion: "edge-26.8.3",
    started: new Date("2026-11-01T00:00:00Z"),
    isControlPlane: false,
  });
  expect(counted({ metadata: {}, spec })).toMatchObject([{ trustRoot: undefined, started: undefined }]);
});

it.each([
  ["has no proxy", { metadata: {}, spec: { containers: [{ name: "web" }] } }],
  [
    "is going away",
    { metadata: { annotations: HASH, deletionTimestamp: "2026-11-01T00:00:00Z" }, spec: proxy },
  ],
  [
    "is of a Job that completed",
    { metadata: { annotations: HASH }, spec: proxy, status: { phase: "Succeeded" } },
  ],
  ["failed", { metadata: { annotations: HASH }, spec: proxy, status: { phase: "Failed" } }],
])("a pod that %s does not count", (_, pod) => {
  expect(counted(pod)).toEqual([]);
});

it.each([
  ["ReplicaSet", "web-5d9c7b", { "pod-template-hash": "5d9c7b" }, "Deployment shop/web"],
  ["ReplicaSet", "web-5d9c7b", {}, "ReplicaSet shop/web-5d9c7b"],
  ["StatefulSet", "db", {}, "StatefulSet shop/db"],
  ["DaemonSet", "logs", {}, "DaemonSet shop/logs"],
  ["Job", "batch-29", {}, "Job shop/batch-29"],
  ["Node", "node-1", {}, "Pod shop/web-1"],
])("the workload of a pod of the %s %s", (kind, name, labels, workload) => {
  const ownerReferences = [
    { kind: "Other", name: "no-controller" },
    { kind, name, controller: true },
  ];
  expect(counted({ metadata: { labels, ownerReferences }, spec: proxy })).toMatchObject([{ workload }]);
});

it("the control plane's own are known by their component", () => {
  const labels = { "linkerd.io/control-plane-component": "identity" };
  expect(counted({ metadata: { labels }, spec: proxy })).toMatchObject([{ isControlPlane: true }]);
});
