import { z } from "zod";
import { MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE } from "../../fleet/config/names";
import { CHANNELS } from "../../fleet/linkerd/charts";
import { inParallel, type LiveCluster, type Read } from "../../live/cluster";
import { Unreadable } from "../../live/outputs";
import type { Existing } from "./read";

/** The release that an object will belong to. */
export interface Owner {
  readonly release: string;
  readonly namespace: string;
}

const { crds, controlPlane, multicluster, viz } = CHANNELS.edge;

/** Labels of the objects of the charts, as `linkerd install` and its extensions leave them. */
const CONTROL_PLANE = "linkerd.io/control-plane-ns";
const EXTENSION = "linkerd.io/extension";
/** Kinds that hold what others made: Kubernetes copies the labels of a Service to its Endpoints. */
const MADE_BY_OTHERS = new Set(["Pod", "Endpoints", "EndpointSlice", "Event", "Lease"]);

const kinds = z.object({
  resources: z.array(
    z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean(), verbs: z.array(z.string()) }),
  ),
});
const groups = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      preferredVersion: z.object({ groupVersion: z.string() }),
      versions: z.array(z.object({ groupVersion: z.string() })),
    }),
  ),
});
const labelled = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(z.unknown()).default([]),
  }),
});
type Labelled = z.infer<typeof labelled>;

/** The release that one object belongs to; `undefined` if it is no chart's, or another release has it already. */
export function ownerOf(
  kind: string,
  { metadata }: Labelled,
  controlPlaneNamespace: string,
): Owner | undefined {
  const { labels, annotations, ownerReferences } = metadata;
  if (MADE_BY_OTHERS.has(kind) || ownerReferences.length > 0) return undefined;
  if (annotations["meta.helm.sh/release-name"] !== undefined) return undefined;
  const extension = labels[EXTENSION];
  if (extension === "multicluster") return { release: multicluster, namespace: MULTICLUSTER_NAMESPACE };
  if (extension === "viz") return { release: viz, namespace: VIZ_NAMESPACE };
  if (extension !== undefined || labels[CONTROL_PLANE] !== controlPlaneNamespace) return undefined;
  const release = kind === "CustomResourceDefinition" ? crds : controlPlane;
  return { release, namespace: controlPlaneNamespace };
}

/**
 * Sets Helm's marks of ownership (`app.kubernetes.io/managed-by` and `meta.helm.sh/release-…`, Helm
 * `pkg/action/validate.go`) on the objects of every chart that is no release yet, so that an installation takes them
 * over. Returns how many it marked, by release. Throws `Unreadable`.
 */
export async function markForHelm(
  cluster: LiveCluster,
  { releases }: Pick<Existing, "releases">,
  controlPlaneNamespace: string,
): Promise<Readonly<Record<string, number>>> {
  const done = <T>(what: string, read: Read<T>): T | undefined => {
    if (read.state === "failed") throw new Unreadable(`${cluster.name}: ${what}: ${read.message}`);
    return read.state === "found" ? read.value : undefined;
  };
  const installed = new Set(Object.values(releases).map(({ release }) => release));
  const counts: Record<string, number> = {};
  const lists = (await kindsOf(cluster)).flatMap((kind) =>
    [`${CONTROL_PLANE}=${controlPlaneNamespace}`, `${EXTENSION} in (multicluster,viz)`].map((selector) => ({
      ...kind,
      selector,
    })),
  );
  await inParallel(lists, 4, async ({ base, name, kind, namespaced, selector }) => {
    const path = `${base}/${name}?labelSelector=${encodeURIComponent(selector)}`;
    for (const object of done(name, await cluster.list(path, labelled)) ?? []) {
      const owner = ownerOf(kind, object, controlPlaneNamespace);
      // An object with both labels is found twice.
      const isOther = selector.startsWith(CONTROL_PLANE) && object.metadata.labels[EXTENSION] !== undefined;
      if (!owner || isOther || installed.has(owner.release)) continue;
      const { namespace = "", name: own } = object.metadata;
      const at = `${base}/${namespaced ? `namespaces/${namespace}/` : ""}${name}/${own}`;
      done(`${kind} ${own} cannot be marked`, await cluster.merge(at, marks(owner)));
      counts[owner.release] = (counts[owner.release] ?? 0) + 1;
    }
  });
  return counts;
}

function marks({ release, namespace }: Owner): object {
  return {
    metadata: {
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace },
    },
  };
}

/** All kinds of the cluster that can be listed and changed. A group whose own server is down is left out. */
async function kindsOf(cluster: LiveCluster) {
  const found = await cluster.get("/apis", groups);
  if (found.state !== "found") {
    const why = found.state === "failed" ? found.message : "it has none";
    throw new Unreadable(`${cluster.name}: its API groups cannot be read: ${why}`);
  }
  // A group may serve some kinds only in a version that is not the preferred one: policy.linkerd.io does.
  const bases = [
    { group: "", base: "/api/v1" },
    ...found.value.groups.flatMap(({ name, preferredVersion, versions }) => {
      const all = new Set([preferredVersion, ...versions].map(({ groupVersion }) => groupVersion));
      return [...all].map((version) => ({ group: name, base: `/apis/${version}` }));
    }),
  ];
  const read = await inParallel(bases, 4, async ({ group, base }) => {
    const served = await cluster.get(base, kinds);
    return served.state === "found" ? served.value.resources.map((one) => ({ ...one, group, base })) : [];
  });
  const known = new Map<string, (typeof read)[number][number]>();
  for (const one of read.flat()) {
    const key = `${one.group}/${one.name}`;
    if (one.name.includes("/") || !["list", "patch"].every((verb) => one.verbs.includes(verb))) continue;
    if (!known.has(key)) known.set(key, one);
  }
  return [...known.values()];
}
