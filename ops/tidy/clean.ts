import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { MULTICLUSTER_NAMESPACE, TARGET_LABEL } from "../../fleet/config/names";
import { leasesOf, targetsOf, withoutGone } from "../../fleet/links/leftBehind";
import { MIRRORED_LABEL } from "../../fleet/links/mirrors";
import type { LiveCluster, Read } from "../../live/cluster";
import { LEASES, LINKS, linkTarget, plain } from "../../live/shapes";

const LOCAL_MIRROR = `/apis/apps/v1/namespaces/${MULTICLUSTER_NAMESPACE}/deployments/linkerd-local-service-mirror`;
/** Services go before their Endpoints, and those before the EndpointSlices that Kubernetes makes of them. */
const ADDRESSES = { Endpoints: "/api/v1", EndpointSlice: "/apis/discovery.k8s.io/v1" } as const;
/** Somebody may write at the same time: a service mirror that just ends, or Kubernetes' own controllers. */
const PASSES = 4;
const PAUSE_MS = 1_000;

const { metadata } = plain.shape;
const service = z.object({ metadata: metadata.extend({ resourceVersion: z.string().optional() }) });

/** What service mirrors left in one cluster. */
export interface Left {
  readonly steps: readonly Step[];
  /** What leads to other clusters, over no Link: not touched. `shop/old-mars` */
  readonly foreign: readonly string[];
  /** For people. */
  readonly problems: readonly string[];
}

interface Step {
  /** `Service shop/reports-eu`. */
  readonly what: string;
  take(): Promise<Read<unknown>>;
}

/** Whose service mirrors are gone. */
export interface Orphans {
  /** The targets of their links. */
  readonly targets: ReadonlySet<string>;
  /**
   * Also of links that nobody remembers, if the cluster knows no Links any more: nothing feeds a mirror service there.
   */
  readonly forgotten: boolean;
}

/**
 * Looks for what the service mirrors of links that are gone have left in a cluster. What a Link that is there still
 * feeds is not listed, whoever made it.
 */
export async function lookForLeft(cluster: LiveCluster, orphans: Orphans): Promise<Left> {
  const mirrors = `labelSelector=${encodeURIComponent(`${MIRRORED_LABEL}=true`)}`;
  const reads = await Promise.all([
    cluster.list(LINKS, linkTarget),
    cluster.get(LOCAL_MIRROR, z.unknown()),
    cluster.list(LEASES, plain),
    cluster.list(`/api/v1/services?${mirrors}`, service),
    cluster.list(`${ADDRESSES.Endpoints}/endpoints?${mirrors}`, plain),
    cluster.list(`${ADDRESSES.EndpointSlice}/endpointslices?${mirrors}`, plain),
  ]);
  const failed = reads.find((read) => read.state === "failed");
  if (failed) return { steps: [], foreign: [], problems: [failed.message] };
  const [links, own, leases, services, endpoints, slices] = reads;

  // Without the CRD there is no Link.
  const led = new Set(itemsOf(links).map(({ spec }) => spec.targetClusterName));
  const unled = (names: Iterable<string>) => new Set([...names].filter((name) => !led.has(name)));
  const mirrored = itemsOf(services).map(({ metadata }) => metadata);
  const forgotten = orphans.forgotten && links.state === "missing" ? mirrored.flatMap(targetsOf) : [];
  const targets = new Set([...orphans.targets, ...forgotten]);
  const gone = { targets: unled(targets), own: own.state === "missing" };
  const others = unled(mirrored.flatMap(targetsOf).filter((name) => !targets.has(name)));
  const known = leasesOf(gone);
  const deletion = (
    kind: string,
    path: string,
    { namespace, name }: { namespace: string; name: string },
  ) => ({
    what: `${kind} ${namespace}/${name}`,
    take: () => cluster.remove(`${path}/${name}`),
  });
  const addresses = (kind: keyof typeof ADDRESSES, plural: string, read: typeof endpoints) =>
    itemsOf(read)
      .filter(({ metadata: { labels } }) => gone.targets.has(labels[TARGET_LABEL] ?? ""))
      .map(({ metadata }) =>
        deletion(kind, `${ADDRESSES[kind]}/namespaces/${metadata.namespace}/${plural}`, metadata),
      );
  return {
    steps: [
      ...mirrored.flatMap((of): Step[] => {
        const next = withoutGone(of, gone);
        const path = `/api/v1/namespaces/${of.namespace}/services`;
        if (next === undefined) return [];
        if (next === "delete") return [deletion("Service", path, of)];
        // The version, so that nobody's change is lost meanwhile.
        const change = { metadata: { resourceVersion: of.resourceVersion, annotations: next } };
        const take = () => cluster.merge(`${path}/${of.name}`, change);
        return [{ what: `members of Service ${of.namespace}/${of.name}`, take }];
      }),
      ...addresses("Endpoints", "endpoints", endpoints),
      ...addresses("EndpointSlice", "endpointslices", slices),
      ...itemsOf(leases)
        .filter(({ metadata: { name } }) => known.includes(name))
        .map(({ metadata }) => deletion("Lease", LEASES, metadata)),
    ],
    foreign: mirrored
      .filter((of) => withoutGone(of, gone) !== "delete")
      .filter((of) => withoutGone(of, { targets: others, own: false }) !== undefined)
      .map(({ namespace, name }) => `${namespace}/${name}`),
    problems: [],
  };
}

export interface Cleaned extends Omit<Left, "steps"> {
  readonly removed: readonly string[];
}

/** Takes that away. */
export async function clean(cluster: LiveCluster, orphans: Orphans): Promise<Cleaned> {
  const removed = new Set<string>();
  for (let pass = 1; ; pass++) {
    const { steps, foreign, problems: unread } = await lookForLeft(cluster, orphans);
    const problems = [...unread];
    for (const { what, take } of steps) {
      const taken = await take();
      if (taken.state === "found") removed.add(what);
      if (taken.state === "failed") problems.push(`${what}: ${taken.message}`);
    }
    const cleaned = { removed: [...removed], foreign, problems };
    if (problems.length === 0 && steps.length === 0) return cleaned;
    if (pass < PASSES) await sleep(PAUSE_MS);
    else if (problems.length > 0) return cleaned;
    else {
      const what = steps.map(({ what }) => what).join(", ");
      const problem = `${what} came back after each deletion: a service mirror still runs there`;
      return { ...cleaned, problems: [problem] };
    }
  }
}

/** What to say of a cluster that was cleaned. */
export function cleanedInWords(cluster: string, { removed, foreign }: Omit<Cleaned, "problems">): string[] {
  return [
    ...removed.map((what) => `${cluster}: deleted ${what}, which a service mirror left`),
    ...(foreign.length === 0
      ? []
      : [
          `${cluster}: left alone, because it leads to none of the clusters in question: ${foreign.join(", ")}. No Link ` +
            "feeds it; delete it with kubectl if nobody knows it.",
        ]),
  ];
}

/** A kind that the cluster does not know has none. */
function itemsOf<T>(read: Read<T[]>): T[] {
  return read.state === "found" ? read.value : [];
}
