import { describe, expect, it } from "vitest";
import { ownerOf } from "../../../ops/adopt/mark";

const object = (
  labels: Record<string, string>,
  more: { annotations?: Record<string, string>; ownerReferences?: unknown[] } = {},
) => ({ metadata: { name: "x", labels, annotations: {}, ownerReferences: [], ...more } });

const controlPlane = { "linkerd.io/control-plane-ns": "linkerd" };
const multicluster = { "linkerd.io/extension": "multicluster" };

describe("the release that an object of `linkerd install` is marked for", () => {
  it.each([
    ["a CRD of the control plane", "CustomResourceDefinition", controlPlane, "linkerd linkerd-crds"],
    ["a Deployment", "Deployment", controlPlane, "linkerd linkerd-control-plane"],
    ["the gateway", "Service", multicluster, "linkerd-multicluster linkerd-multicluster"],
    [
      "an object with both labels",
      "CustomResourceDefinition",
      { ...controlPlane, ...multicluster },
      "linkerd-multicluster linkerd-multicluster",
    ],
    ["viz", "Deployment", { "linkerd.io/extension": "viz" }, "linkerd-viz linkerd-viz"],
  ])("%s", (_, kind, labels, owner) => {
    const found = ownerOf(kind, object(labels), "linkerd");
    expect(`${found?.namespace} ${found?.release}`).toBe(owner);
  });

  it.each([
    ["a pod", "Pod", object(controlPlane)],
    ["what Kubernetes made", "ReplicaSet", object(controlPlane, { ownerReferences: [{}] })],
    ["the Endpoints of a Service", "Endpoints", object(multicluster)],
    ["another control plane's", "Deployment", object({ "linkerd.io/control-plane-ns": "canary" })],
    ["another extension's", "Deployment", object({ ...controlPlane, "linkerd.io/extension": "smi" })],
    [
      "another release's",
      "Service",
      object(controlPlane, { annotations: { "meta.helm.sh/release-name": "mesh" } }),
    ],
  ])("is none: %s", (_, kind, found) => {
    expect(ownerOf(kind, found, "linkerd")).toBeUndefined();
  });
});
