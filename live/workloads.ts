import { z } from "zod";
import { type RollingPlan, workloadKey } from "../fleet/restart/plan";
import {
  type SeenWorkloads,
  type Workload,
  workloadOf,
  workloadShape,
  workloadsPath,
} from "../fleet/restart/workloads";
import { TRUST_ROOTS } from "../fleet/trust/objects";
import { meshedPods, meshedPodsPath, podShape } from "../fleet/trust/pods";
import type { LiveCluster, Read } from "./cluster";

const configMap = z.object({ data: z.object({ "ca-bundle.crt": z.string() }) });

/** Reads the workloads that a cluster's `restart` selects, its meshed pods, and what these are compared with. */
export async function readWorkloads(
  cluster: Pick<LiveCluster, "get" | "list">,
  namespace: string,
  { selections }: Pick<RollingPlan, "selections">,
): Promise<SeenWorkloads | { readonly unread: string }> {
  const [bundle, pods, lists] = await Promise.all([
    cluster.get(`/api/v1/namespaces/${namespace}/configmaps/${TRUST_ROOTS}`, configMap),
    cluster.list(meshedPodsPath(namespace), podShape),
    Promise.all(
      selections.map((selection) =>
        Promise.all(
          selection.kinds.map(async (kind): Promise<Read<Workload[]>> => {
            const read = await cluster.list(workloadsPath(selection, kind), workloadShape);
            if (read.state !== "found") return read;
            return { state: "found", value: read.value.map((workload) => workloadOf(kind, workload)) };
          }),
        ),
      ),
    ),
  ]);
  for (const read of [bundle, pods, ...lists.flat()])
    if (read.state === "failed") return { unread: read.message };
  const known = new Set<string>();
  const selected = selections.map((selection, at) => {
    const found = (lists[at] ?? []).flatMap((read) => (read.state === "found" ? read.value : []));
    const fresh = found.filter((workload) => !known.has(workloadKey(workload)));
    for (const workload of fresh) known.add(workloadKey(workload));
    return { selection, count: found.length, workloads: fresh };
  });
  return {
    selected,
    pods: pods.state === "found" ? meshedPods(pods.value) : [],
    bundle: bundle.state === "found" ? bundle.value.data["ca-bundle.crt"] : undefined,
  };
}
