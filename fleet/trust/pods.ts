import { z } from "zod";

/** A pod with a proxy. */
export interface MeshedPod {
  /** What restarts it, for a person: `Deployment shop/web`. */
  readonly workload: string;
  /** SHA-256 of the bundle its proxy was started with; `undefined` where the pod does not say. */
  readonly trustRoot: string | undefined;
  /** Version of its proxy; `undefined` where the pod does not say. */
  readonly proxyVersion: string | undefined;
  /** `undefined` while it waits for a node. */
  readonly started: Date | undefined;
  readonly isControlPlane: boolean;
}

/**
 * linkerd2 `pkg/inject/inject.go`: the injector and `linkerd inject` write them, and the chart those of its own pods.
 */
const TRUST_ROOT = "linkerd.io/trust-root-sha256";
const PROXY_VERSION = "linkerd.io/proxy-version";
const CONTROL_PLANE = "linkerd.io/control-plane-ns";
const COMPONENT = "linkerd.io/control-plane-component";
const PROXY = "linkerd-proxy";

const texts = z.record(z.string(), z.string()).default({});
const containers = z.array(z.object({ name: z.string() })).default([]);

/** A pod as the API server has it, as far as it is looked at. */
export const podShape = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    /** It is going away, and takes no new connections. */
    deletionTimestamp: z.string().optional(),
    annotations: texts,
    labels: texts,
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().default(false) }))
      .default([]),
  }),
  /** A proxy is a container, or an init container that keeps running (`proxy.nativeSidecar`). */
  spec: z.object({ containers, initContainers: containers }).default({ containers: [], initContainers: [] }),
  status: z
    .object({ phase: z.string().default("Unknown"), startTime: z.string().optional() })
    .default({ phase: "Unknown" }),
});
export type Pod = z.infer<typeof podShape>;

/**
 * Where the API server lists the pods that one control plane meshed and that have not ended: by the label that
 * Linkerd itself goes by (linkerd2 `pkg/k8s/labels.go`, `IsMeshed`).
 */
export function meshedPodsPath(controlPlaneNamespace: string): string {
  const labels = encodeURIComponent(`${CONTROL_PLANE}=${controlPlaneNamespace}`);
  const fields = encodeURIComponent("status.phase!=Succeeded,status.phase!=Failed");
  return `/api/v1/pods?labelSelector=${labels}&fieldSelector=${fields}`;
}

/** The pods among them that hold an identity or may get one. A pod with the label alone has no proxy. */
export function meshedPods(pods: readonly Pod[]): MeshedPod[] {
  return pods.flatMap((pod) => {
    const { metadata, spec, status } = pod;
    const trustRoot = metadata.annotations[TRUST_ROOT];
    const hasProxy = [...spec.containers, ...spec.initContainers].some(({ name }) => name === PROXY);
    const hasEnded =
      metadata.deletionTimestamp !== undefined || ["Succeeded", "Failed"].includes(status.phase);
    if (hasEnded || (trustRoot === undefined && !hasProxy)) return [];
    return [
      {
        workload: workloadOf(pod),
        trustRoot,
        proxyVersion: metadata.annotations[PROXY_VERSION],
        started: status.startTime === undefined ? undefined : new Date(status.startTime),
        isControlPlane: metadata.labels[COMPONENT] !== undefined,
      },
    ];
  });
}

/**
 * A Deployment owns its pods through a ReplicaSet, whose name ends with a hash. A static pod is owned by its Node.
 */
function workloadOf({ metadata: { namespace, name, labels, ownerReferences } }: Pod): string {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined || owner.kind === "Node") return `Pod ${namespace}/${name}`;
  const hash = `-${labels["pod-template-hash"]}`;
  return owner.kind === "ReplicaSet" && owner.name.endsWith(hash)
    ? `Deployment ${namespace}/${owner.name.slice(0, -hash.length)}`
    : `${owner.kind} ${namespace}/${owner.name}`;
}

/** `3 of 9 pods (Deployment shop/web 2 of 3, StatefulSet bi/db 1 of 1)` */
export function describePods(pods: readonly MeshedPod[], all: readonly MeshedPod[]): string {
  const of = Map.groupBy(all, ({ workload }) => workload);
  const workloads = [...Map.groupBy(pods, ({ workload }) => workload)].map(
    ([workload, some]) => `${workload} ${some.length} of ${of.get(workload)?.length}`,
  );
  const more = workloads.length > SHOWN ? `, and ${workloads.length - SHOWN} more` : "";
  return `${pods.length} of ${all.length} pods (${workloads.slice(0, SHOWN).join(", ")}${more})`;
}

const SHOWN = 6;
