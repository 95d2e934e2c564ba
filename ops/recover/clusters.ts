import { z } from "zod";
import { type LiveCluster, openCluster, type Read } from "../../live/cluster";
import type { Interruption, ProviderAccess, Unsettled } from "./state";

/** The cluster of a provider of the state. */
export function openProvider({ cluster, context, kubeconfig }: ProviderAccess): LiveCluster {
  const content = kubeconfig === undefined ? undefined : ({ state: "found", value: kubeconfig } as const);
  return openCluster(cluster, context, content);
}

/** Asks a cluster what became of one thing that may have been created in it. */
export function look(cluster: LiveCluster, unsettled: Unsettled): Promise<Interruption> {
  return unsettled.is === "release" ? lookAtRelease(cluster, unsettled) : lookAtObject(cluster, unsettled);
}

const kinds = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
const object = z.object({
  metadata: z.object({
    managedFields: z.array(z.object({ manager: z.string().optional() })).default([]),
  }),
});

async function lookAtObject(
  cluster: LiveCluster,
  { apiVersion, kind, namespace, name }: Extract<Unsettled, { is: "object" }>,
): Promise<Interruption> {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const served = await cluster.get(root, kinds);
  if (served.state !== "found") return nothingOr(served);
  const plural = served.value.resources.find((entry) => entry.kind === kind && !entry.name.includes("/"));
  if (!plural) return { found: "nothing" };
  const within = plural.namespaced ? `/namespaces/${namespace ?? "default"}` : "";
  const live = await cluster.get(`${root}${within}/${plural.name}/${name}`, object);
  if (live.state !== "found") return nothingOr(live);
  // The provider draws the manager's name when it creates, and owns the object only under that name.
  const managers = live.value.metadata.managedFields.map(({ manager }) => manager);
  return {
    found: "object",
    manager: managers.find((manager) => /^pulumi-kubernetes(-|$)/.test(manager ?? "")),
  };
}

const record = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/** Helm keeps a Secret for each revision; one that is `pending-…` blocks every next operation. */
async function lookAtRelease(
  cluster: LiveCluster,
  { namespace = "default", name, known }: Extract<Unsettled, { is: "release" }>,
): Promise<Interruption> {
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const labels = encodeURIComponent(`owner=helm,name=${name}`);
  const records = await cluster.list(`${secrets}?labelSelector=${labels}`, record);
  if (records.state !== "found") return nothingOr(records);
  const status = ({ metadata }: z.infer<typeof record>) => metadata.labels.status ?? "";
  // What the state does not know, Helm must not know either: an install then takes over the objects that are there.
  const wrong = records.value.filter((entry) => !known || /^pending-/.test(status(entry)));
  if (wrong.length === 0) return { found: "nothing" };
  return {
    found: "records",
    records: wrong.map(({ metadata }) => `${secrets}/${metadata.name}`),
    status: wrong.map(status).join(", "),
  };
}

/**
 * Helm's records of operations that never ended, of Linkerd's releases: their cluster or their network went away
 * under them, which is no interruption to the engine. Helm refuses every next operation while they are there.
 */
export async function hangingRecords(cluster: LiveCluster): Promise<Read<string[]>> {
  const labels = encodeURIComponent(
    "owner=helm,status in (pending-install,pending-upgrade,pending-rollback)",
  );
  const records = await cluster.list(`/api/v1/secrets?labelSelector=${labels}`, record);
  if (records.state !== "found") return records;
  const value = records.value
    .filter(({ metadata }) => metadata.labels.name?.startsWith("linkerd-"))
    .map(({ metadata: { name, namespace } }) => `/api/v1/namespaces/${namespace}/secrets/${name}`);
  return { state: "found", value };
}

function nothingOr(read: Exclude<Read<unknown>, { state: "found" }>): Interruption {
  return read.state === "missing" ? { found: "nothing" } : { found: "unknown", why: read.message };
}
