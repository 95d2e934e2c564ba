import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { clusterFolder } from "../lab/clusters";
import type { Lab } from "../lab/env";

/** From the next start of a lab's cluster on, its pods become ready so much later than they were made. */
export function slowPods(lab: Lab, cluster: string, seconds: number): void {
  const stages = [
    stage("pod-ready", READY, {
      delay: { durationMilliseconds: seconds * 1000 },
      next: { statusTemplate: RUNNING },
    }),
    stage(
      "pod-delete",
      { key: ".metadata.deletionTimestamp", operator: "Exists" },
      {
        next: { finalizers: { empty: true }, delete: true },
      },
    ),
  ];
  appendFileSync(
    join(clusterFolder(lab, cluster), "kwok.yaml"),
    stages.map((one) => `---\n${stringify(one)}`).join(""),
  );
}

const READY = { key: ".status.phase", operator: "In", values: ["Pending"] };

/** What KWOK's own stage writes, as far as Deployments look at it. */
const RUNNING = `{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
- { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- { name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: { running: { startedAt: {{ $now | Quote }} } } }
{{ end }}
`;

function stage(name: string, condition: object, more: object) {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind: "Pod" },
      selector: { matchExpressions: [condition] },
      ...more,
    },
  };
}
