import type { ServiceName } from "../config/names";
import type { Plan } from "../plan";
import { isNamed } from "./named";
import type { ExportPlan } from "./plan";

/** A federated service as one cluster sees it. */
export interface FederatedView<T = readonly string[]> extends ServiceName {
  /** The cluster that has the Service `<name>-federated`. */
  readonly cluster: string;
  /** The clusters whose pods are behind it, in the order of their names; or some of them. */
  readonly members: T;
}

/** Every federated service in every cluster that sees it: as a member, or over a link to one. */
export function federatedViews({ exports, otherExports, links, clusters }: Plan): FederatedView[] {
  const members = [...exports, ...otherExports]
    .filter(({ modes, evacuated }) => modes.includes("federated") && !evacuated)
    .sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const services = Map.groupBy(members, ({ namespace, name }) => `${namespace}/${name}`);
  const carrying = links.filter(({ modes, state }) => state === "active" && modes.includes("federated"));
  const targets = Map.groupBy(carrying, ({ source }) => source);
  const seesIn = (cluster: string) => {
    const reached = new Set((targets.get(cluster) ?? []).map(({ target }) => target));
    return (member: ExportPlan) =>
      member.cluster === cluster || (reached.has(member.cluster) && isNamed(member.to?.federated, cluster));
  };
  return [...services.values()].flatMap((of) =>
    clusters.flatMap(({ name: cluster }) => {
      const seen = of.filter(seesIn(cluster)).map((member) => member.cluster);
      const [first] = of;
      if (!first || seen.length === 0) return [];
      return [{ namespace: first.namespace, name: first.name, cluster, members: seen }];
    }),
  );
}

/**
 * The member that a federated service has its ports and metadata from: the cluster's own, or else the one whose Link
 * is the oldest (linkerd2 `multicluster/service-mirror/cluster_watcher.go`). Several, if their Links are of one
 * second: then each counts itself the oldest, and the last one to change is followed.
 * `created`: when the Link to each member was made.
 */
export function sourceOfTruth(
  { cluster, members }: FederatedView,
  created: readonly string[],
): readonly string[] {
  if (members.includes(cluster)) return [cluster];
  const [oldest] = [...created].sort();
  return members.filter((_, at) => created[at] === oldest);
}

/** A port of a Service, as its callers know it. */
export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

/** The members of a federated service by the ports that they have, in words: one group if all is well. */
export function portGroups(
  { members }: Pick<FederatedView, "members">,
  ports: readonly (readonly ServicePort[])[],
): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(members, (_, at) =>
    (ports[at] ?? [])
      .map(({ name = "", port, protocol = "TCP" }) => `${name} ${port}/${protocol}`.trim())
      .sort()
      .join(", "),
  );
}

/**
 * The problem of a federated service whose Services have different ports: it has the ports of one of them, and calls
 * the others' pods at ports that they may not have.
 */
export function portMismatch(
  view: FederatedView,
  ports: readonly (readonly ServicePort[])[],
): string | undefined {
  const groups = portGroups(view, ports);
  if (groups.size < 2) return undefined;
  const lines = [...groups].map(([of, clusters]) => `  ${of} in ${clusters.join(", ")}`);
  return (
    `The federated service ${view.namespace}/${view.name} has members with different ports:\n${lines.join("\n")}\n` +
    "Give these Services the same ports and run `pulumi up --refresh`, or take a cluster out of its `in`."
  );
}
