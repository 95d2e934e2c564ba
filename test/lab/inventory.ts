import type { TestLab } from "./harness";

/** What a cluster holds, for tests that compare it with the state. */

export interface LiveObject {
  /** `Kind namespace/name`. */
  readonly key: string;
  readonly uid: string;
  /** Another after every write. */
  readonly version: string;
  /** Whether the engine made it. */
  readonly ours: boolean;
}

interface Listed {
  readonly kind: string;
  readonly type?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly ownerReferences?: unknown[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager?: string }[];
  };
}

const RELEASE_RECORD = "helm.sh/release.v1";

/** All objects but those that controllers make by themselves, and Helm's records. */
export async function liveObjects(lab: TestLab, cluster: string): Promise<LiveObject[]> {
  const kinds = (await lab.kubectl(cluster, "api-resources", "--verbs=list", "--output=name"))
    .split("\n")
    .filter(
      (kind) =>
        kind && !/^(events|leases|endpoints|endpointslices|pods|nodes|componentstatuses)\b/.test(kind),
    );
  const list = await lab.kubectl(cluster, "get", kinds.join(), "-A", "-o=json", "--show-managed-fields");
  const { items } = JSON.parse(list) as { items: Listed[] };
  return items
    .filter(({ type, metadata }) => type !== RELEASE_RECORD && !metadata.ownerReferences)
    .map(({ kind, metadata: { namespace, name, uid, resourceVersion, managedFields = [] } }) => ({
      key: `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
      uid,
      version: resourceVersion,
      ours: managedFields.some(({ manager }) => manager?.startsWith("pulumi-kubernetes")),
    }));
}

/** Objects that the engine made and the state does not hold. */
export async function orphans(lab: TestLab, cluster: string): Promise<string[]> {
  const { resources } = JSON.parse(lab.stateFile()).checkpoint.latest as {
    resources: { type: string; id?: string; provider?: string; outputs?: { kind?: string } }[];
  };
  const known = new Set(
    resources
      .filter(({ provider }) => provider?.includes(`:kubernetes::${cluster}::`))
      .map(({ id, outputs }) => `${outputs?.kind} ${id}`),
  );
  const live = await liveObjects(lab, cluster);
  return live.filter(({ key, ours }) => ours && !known.has(key)).map(({ key }) => key);
}

/** The revisions of each Helm release, by their status. */
export async function releaseStates(lab: TestLab, cluster: string): Promise<Record<string, string[]>> {
  const list = await lab.kubectl(cluster, "get", "secrets", "-A", "-l=owner=helm", "-o=json");
  const { items } = JSON.parse(list) as { items: Listed[] };
  const states: Record<string, string[]> = {};
  for (const { metadata } of items) {
    const { name = "", status = "" } = metadata.labels ?? {};
    states[name] = [...(states[name] ?? []), status];
  }
  return states;
}
