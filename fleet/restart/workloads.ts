import { z } from "zod";
import type { MeshedPod } from "../trust/pods";
import type { Selection } from "./plan";
import type { WorkloadKind } from "./schema";

/** Annotation of the pods of a selected workload: what it was restarted for last. */
export const RESTART_MARK = "linkerd-fleet/restarted-for";

/** A workload that is selected, as a cluster has it. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** What the fleet restarted it for last; `undefined` where it never did. */
  readonly mark: string | undefined;
  /** All its pods are of its present template, and ready. */
  readonly settled: boolean;
  /** Why a changed template restarts no pod. */
  readonly manual: string | undefined;
}

/** What a cluster holds of what `restart` asks for. */
export interface SeenWorkloads {
  /** In the order of the stack file. */
  readonly selected: readonly SelectedWorkloads[];
  readonly pods: readonly MeshedPod[];
  /** PEM of its trust bundle; `undefined` where it has none yet. */
  readonly bundle: string | undefined;
}

export interface SelectedWorkloads {
  readonly selection: Selection;
  /** How many it selects. */
  readonly count: number;
  /** Those among them that no selection before has. */
  readonly workloads: readonly Workload[];
}

const count = z.number().default(0);

/** Fields of all three kinds (`k8s.io/api/apps/v1`), as far as they are looked at. */
export const workloadShape = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string(), generation: count }),
  spec: z.object({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    updateStrategy: z
      .object({ type: z.string().optional(), rollingUpdate: z.object({ partition: count }).optional() })
      .optional(),
    template: z.object({
      metadata: z
        .object({ annotations: z.record(z.string(), z.string()).default({}) })
        .default({ annotations: {} }),
    }),
  }),
  status: z
    .object({
      observedGeneration: count,
      updatedReplicas: count,
      readyReplicas: count,
      desiredNumberScheduled: z.number().optional(),
      updatedNumberScheduled: count,
      numberReady: count,
    })
    .prefault({}),
});

/** Reads a workload of a kind. */
export function workloadOf(
  kind: WorkloadKind,
  { metadata, spec, status }: z.infer<typeof workloadShape>,
): Workload {
  const [wanted, updated, ready] =
    kind === "DaemonSet"
      ? [status.desiredNumberScheduled ?? 0, status.updatedNumberScheduled, status.numberReady]
      : [spec.replicas, status.updatedReplicas, status.readyReplicas];
  const byHand = spec.paused
    ? "it is paused"
    : spec.updateStrategy?.type === "OnDelete"
      ? "its update strategy is OnDelete"
      : (spec.updateStrategy?.rollingUpdate?.partition ?? 0) > 0
        ? "a partition keeps pods from being updated"
        : undefined;
  return {
    ...{ kind, namespace: metadata.namespace, name: metadata.name },
    mark: spec.template.metadata.annotations[RESTART_MARK],
    settled: status.observedGeneration >= metadata.generation && updated >= wanted && ready >= wanted,
    manual: byHand,
  };
}

const COLLECTIONS: Readonly<Record<WorkloadKind, string>> = {
  Deployment: "deployments",
  StatefulSet: "statefulsets",
  DaemonSet: "daemonsets",
};

/** Where the API server lists what a selection selects of a kind. */
export function workloadsPath({ namespace, name, selector }: Selection, kind: WorkloadKind): string {
  const fields = name === undefined ? [] : [`fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`];
  const labels = selector === undefined ? [] : [`labelSelector=${encodeURIComponent(selector)}`];
  const query = [...fields, ...labels].join("&");
  const path = `/apis/apps/v1/namespaces/${namespace}/${COLLECTIONS[kind]}`;
  return query === "" ? path : `${path}?${query}`;
}
