import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Plan } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { judge } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import { meshPlan } from "../../../testing/fleets";
import { LiveFleet } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";

/** What `verify` says of pods in the first cluster besides those of its control plane. */
async function said(plan: Plan, pods: (bundle: string) => readonly Stored[]): Promise<string[]> {
  const fleet = await LiveFleet.of(plan);
  fleet.objects.get("c001")?.push(...pods(fleet.trustBundle));
  const outputs = parseOutputs(JSON.stringify(fleet.outputs()));
  return judge(await readFleet(plan, outputs, fleet.clusters()))
    .filter(({ check }) => check === "no pod has an old proxy")
    .flatMap(({ subject, findings }) =>
      findings.map(
        ({ severity, message, remedy, runbook }) =>
          `${severity} ${subject}: ${message} → ${remedy} (${runbook})`,
      ),
    );
}

const pod = (name: string, bundle: string, version: string): Stored => ({
  collection: "/api/v1/pods",
  metadata: {
    ...{ namespace: "shop", name, creationTimestamp: "2026-01-01T00:00:00Z" },
    labels: { "linkerd.io/control-plane-ns": "linkerd" },
    annotations: {
      "linkerd.io/trust-root-sha256": createHash("sha256").update(bundle).digest("hex"),
      "linkerd.io/proxy-version": version,
    },
  },
  spec: { containers: [{ name: "linkerd-proxy" }] },
  status: { phase: "Running" },
});

it("pods with the fleet's bundle and the control plane's proxy are well", async () => {
  expect(await said(meshPlan(2), (bundle) => [pod("db-0", bundle, "edge-26.8.3")])).toEqual([]);
});

it("old ones are warned of, by workload, with what restarts them", async () => {
  const pods = (bundle: string) => [
    pod("db-0", bundle, "edge-26.7.1"),
    pod("db-1", bundle, "edge-26.8.3"),
    pod("web-0", "another", "edge-26.8.3"),
  ];
  const byHand = "restart them, or select them in `restart.workloads`: `pulumi up` then restarts them";
  expect(await said(meshPlan(2), pods)).toEqual([
    `warning c001: 1 of 3 pods (Pod shop/web-0 1 of 1) started with another trust bundle → ${byHand} (rotate-anchor)`,
    "warning c001: 1 of 3 pods (Pod shop/db-0 1 of 1) have a proxy of edge-26.7.1; the control plane's is of " +
      `edge-26.8.3 → ${byHand} (upgrade)`,
  ]);
  const selected = await said(meshPlan(2, { restart: { workloads: [{ namespace: "shop" }] } }), pods);
  expect(selected[0]).toContain("`pulumi up` restarts those that `restart` selects; restart the others");
});
