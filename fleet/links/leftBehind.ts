import { mirrorLease, TARGET_LABEL } from "../config/names";
import { DISCOVERY, federatedMembers, LOCAL_DISCOVERY, type Metadata, MIRRORED_LABEL } from "./mirrors";

/** What kept the mirrors of a cluster, and is no longer there. */
export interface Gone {
  /** The targets of its Links. */
  readonly targets: ReadonlySet<string>;
  /** Its own service mirror, which puts its own members into federated services. */
  readonly own: boolean;
}

/** Annotations as a merge patch writes them: `null` takes one away. */
export type Annotations = Readonly<Record<string, string | null>>;

/**
 * What becomes of a Service when what kept it is gone; `undefined` if nothing of it is. A service mirror leaves what it
 * made when its Link goes or when it ends (linkerd2 `multicluster/cmd/service-mirror/main.go`, `cleanupWorkers`). This
 * is what it would do: `cleanupMirroredResources` and `handleFederatedServiceLeave` of
 * `multicluster/service-mirror/cluster_watcher.go`.
 */
export function withoutGone(
  { labels, annotations }: Pick<Metadata, "labels" | "annotations">,
  { targets, own: ownGone }: Gone,
): "delete" | Annotations | undefined {
  if (labels[MIRRORED_LABEL] !== "true") return undefined;
  const target = labels[TARGET_LABEL];
  if (target !== undefined) return targets.has(target) ? "delete" : undefined;
  const members = federatedMembers(annotations);
  const staying = members.filter(({ cluster }) => !targets.has(cluster));
  const leaves = ownGone && LOCAL_DISCOVERY in annotations;
  if (staying.length === members.length && !leaves) return undefined;
  if (staying.length === 0 && (leaves || !annotations[LOCAL_DISCOVERY])) return "delete";
  return {
    ...(members.length > 0 && { [DISCOVERY]: staying.map(({ text }) => text).join() }),
    ...(leaves && { [LOCAL_DISCOVERY]: null }),
  };
}

/** The clusters to which a Service of a service mirror leads. */
export function targetsOf({ labels, annotations }: Pick<Metadata, "labels" | "annotations">): string[] {
  const target = labels[TARGET_LABEL];
  return target === undefined ? federatedMembers(annotations).map(({ cluster }) => cluster) : [target];
}

/** The Leases by which service mirrors elect a leader; nobody deletes them (`cmd/service-mirror/main.go`). */
export function leasesOf({ targets, own }: Gone): string[] {
  return [...[...targets].map(mirrorLease), ...(own ? ["local-service-mirror-write"] : [])];
}
