import { z } from "zod";
import { clusterObjects, type Known, neighbourObjects, type ObjectGroup } from "../../fleet/clusterObjects";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { collectionOf, pathIn } from "../../fleet/objects/kinds";
import type { Plan } from "../../fleet/plan";
import type { LiveCluster, Read } from "../../live/cluster";
import { plain } from "../../live/shapes";
import {
  deviations,
  type Expected,
  type LiveObject,
  markDeviations,
  SOMETHING,
  type Wanted,
} from "./compare";

/** Reads by `objectKey`. */
export type ObjectReads = ReadonlyMap<string, Read<LiveObject>>;

/** Kinds of which all are read at once: there are many of ours among them, or others are looked for anyway. */
const LISTED = new Set([
  ...["Server", "HTTPRoute", "AuthorizationPolicy", "MeshTLSAuthentication", "NetworkAuthentication"],
  ...["Namespace", "Service", "Link", "ClusterRoleBinding"],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
]);

const liveObject: z.ZodType<LiveObject> = z.looseObject({ metadata: plain.shape.metadata });

const something = (): typeof SOMETHING => SOMETHING;
const PAIR = { certificate: SOMETHING, privateKey: SOMETHING } as const;

/** Other checks judge the contents of certificates and credentials. */
export const SECRETS: Pick<Known<Expected>, "secret" | "issuer" | "webhook" | "tokenName" | "kubeconfig"> = {
  secret: something,
  issuer: { ...PAIR, anchor: SOMETHING },
  webhook: () => PAIR,
  tokenName: something,
  kubeconfig: something,
};

/** Which objects are to be looked at: enough to name every one of them. */
export function namedObjects(plan: Plan, cluster: ClusterPlan): ObjectGroup<Expected>[] {
  if (cluster.stack !== undefined) return neighbourObjects(plan, cluster);
  return clusterObjects<Expected>(plan, cluster, {
    ...SECRETS,
    stackFile: "",
    trustBundle: SOMETHING,
    gatewayAddress: something,
    // Rotated, so that what a rotation restarts is looked at.
    generation: () => 2,
    selector: something,
    gatewaySelector: SOMETHING,
  });
}

/** Names an object of a cluster, also one whose name is drawn. */
export function objectKey(
  { subject }: Pick<ObjectGroup<Expected>, "subject">,
  { apiVersion, kind, metadata, id }: Wanted,
): string {
  const { name, namespace } = metadata;
  return typeof name === "string" ? `${apiVersion} ${kind} ${String(namespace)}/${name}` : `${subject} ${id}`;
}

/** Reads the objects that are wanted in one cluster, each kind in as few requests as it takes. */
export async function readObjects(
  live: LiveCluster,
  groups: readonly ObjectGroup<Expected>[],
): Promise<ObjectReads> {
  const wanted = groups.flatMap((group) => group.objects.map((object) => ({ group, object })));
  const lists = new Map<string, Promise<Read<Listed>>>();
  const listed = (path: string): Promise<Read<Listed>> => {
    const list = lists.get(path) ?? readList(live, path);
    lists.set(path, list);
    return list;
  };
  const reads = wanted.map(async ({ group, object }) => {
    return [objectKey(group, object), await readObject(live, listed, object)] as const;
  });
  return new Map(await Promise.all(reads));
}

async function readObject(
  live: LiveCluster,
  listed: (path: string) => Promise<Read<Listed>>,
  wanted: Wanted,
): Promise<Read<LiveObject>> {
  const { kind, metadata } = wanted;
  const name = String(metadata.name);
  const namespace = metadata.namespace === undefined ? undefined : String(metadata.namespace);
  const path = listOf(wanted, namespace);
  if (path === undefined) return live.get(`${pathIn(collectionOf(wanted), namespace)}/${name}`, liveObject);
  const list = await listed(path);
  if (list.state !== "found") return list;
  const found =
    metadata.name === SOMETHING
      ? list.value.all.find((one) => isAsWanted(wanted, namespace, one))
      : list.value.byName.get(nameIn(namespace, name));
  // Items of a list do not say what they are.
  return found ? { state: "found", value: { ...found, kind } } : { state: "missing" };
}

/** A list that many objects are looked for in: a hub has a few for each of its spokes. */
interface Listed {
  readonly all: readonly LiveObject[];
  readonly byName: ReadonlyMap<string, LiveObject>;
}

async function readList(live: LiveCluster, path: string): Promise<Read<Listed>> {
  const read = await live.list(path, liveObject);
  if (read.state !== "found") return read;
  const named = read.value.map((one) => [nameIn(one.metadata.namespace, one.metadata.name), one] as const);
  return { state: "found", value: { all: read.value, byName: new Map(named) } };
}

function nameIn(namespace = "", name: string): string {
  return `${namespace}/${name}`;
}

/** The list that contains the object; `undefined`: it is read by its name. */
function listOf(wanted: Wanted, namespace: string | undefined): string | undefined {
  const collection = collectionOf(wanted);
  if (LISTED.has(wanted.kind)) return collection;
  if (wanted.kind === "ServiceAccount") return pathIn(collection, namespace);
  if (wanted.kind !== "Secret" || wanted.patch || wanted.type === undefined) return undefined;
  return `${pathIn(collection, namespace)}?fieldSelector=${encodeURIComponent(`type=${wanted.type}`)}`;
}

/** An object whose name is drawn is known by everything else that it has, its labels and annotations first. */
function isAsWanted(wanted: Wanted, namespace = "", live: LiveObject): boolean {
  return (
    namespace === live.metadata.namespace &&
    markDeviations(wanted.metadata, live).length === 0 &&
    deviations(wanted, live).length === 0
  );
}

/** A cluster that is asked each question once: several checks look at one answer. */
export function remembering(live: LiveCluster): LiveCluster {
  const answers = new Map<string, Promise<Read<unknown>>>();
  const ask = async <T>(
    path: string,
    shape: z.ZodType<T>,
    how: () => Promise<Read<unknown>>,
  ): Promise<Read<T>> => {
    const answer = answers.get(path) ?? how();
    answers.set(path, answer);
    const read = await answer;
    if (read.state !== "found") return read;
    const parsed = shape.safeParse(read.value);
    if (parsed.success) return { state: "found", value: parsed.data };
    const where = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    return {
      state: "failed",
      why: "other",
      message: `${path.split("?")[0]} has an unexpected form (${where})`,
    };
  };
  return {
    ...live,
    get: (path, shape) => ask(path, shape, () => live.get(path, z.unknown())),
    list: (path, item) => ask(path, z.array(item), () => live.list(path, z.unknown())),
  };
}
