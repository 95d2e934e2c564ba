import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { type Plan, planFleet } from "../../../fleet/plan";
import type { WorkloadRestart } from "../../../fleet/restart/plan";
import { cluster, fleetOf } from "../../../testing/fleets";
import { runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

/** Two clusters, one wave after the other, in which a StatefulSet restarts after a Deployment. */
function plan(): Plan {
  const planned = planFleet(
    fleetOf(
      { us: cluster("us", { wave: 2 }), eu: cluster("eu", { wave: 1 }) },
      { restart: { workloads: [{ namespace: "shop" }], timeoutSeconds: 90 } },
    ),
  );
  const one = (kind: WorkloadRestart["kind"], after: readonly string[]): WorkloadRestart => ({
    ...{ kind, namespace: "shop", name: "web", mark: "Linkerd 2026.8.3", after },
  });
  const restarts = [one("Deployment", []), one("StatefulSet", ["Deployment shop/web"])];
  return {
    ...planned,
    clusters: planned.clusters.map((of) => {
      const { rolling } = of.restart;
      if (!rolling) throw new Error("nothing is selected");
      return { ...of, restart: { ...of.restart, rolling: { ...rolling, restarts } } };
    }),
  };
}

it("restarts wait for the control plane, for the wave before, and for the clusters of the waves before", async () => {
  const made = await runUnderMocks(
    () => void plannedFleet({ plan: plan(), secret: () => pulumi.secret("") }),
  );
  const patches = made.filter(({ type }) => /apps\/v1:\w+Patch$/.test(type));
  expect(
    patches.map(
      ({ name, type, dependsOn }) => `${type.split(":").at(-1)} ${name} after ${[...dependsOn].sort()}`,
    ),
  ).toEqual([
    "DeploymentPatch eu-shop-deployment-web after eu-linkerd-release",
    "StatefulSetPatch eu-shop-statefulset-web after eu-linkerd-release,eu-shop-deployment-web",
    "DeploymentPatch us-shop-deployment-web after eu-shop-deployment-web,eu-shop-statefulset-web,us-linkerd-release",
    "StatefulSetPatch us-shop-statefulset-web after eu-shop-deployment-web,eu-shop-statefulset-web,us-linkerd-release,us-shop-deployment-web",
  ]);
});
