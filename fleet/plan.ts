import { type AccessPlan, planAccesses } from "./access/plan";
import { type AdmissionPlan, planAdmissions } from "./admission/plan";
import { type ClusterPlan, planCluster } from "./clusters/plan";
import { definedOnly, sorted } from "./config/collections";
import type { FleetConfig } from "./config/fleetConfig";
import { exportKey } from "./config/names";
import {
  type ExportPlan,
  exportEntries,
  hasOwnMembers,
  type LabelOrder,
  planExports,
  selectNamed,
} from "./exports/plan";
import { type GrantPlan, planGrants } from "./grants/plan";
import { needsDestination } from "./links/objects";
import { planObservability } from "./observability/plan";
import { type OthersIssuer, planOthersIssuers } from "./stacks/issuers";
import { isShared, otherStacks, type PendingLink, settleLinks, trustStack, WHOLE } from "./stacks/plan";
import { type LinkPlan, planLinks } from "./topology/plan";
import { NO_ORDER, type RouteOrder } from "./traffic/order";
import { planRoutes, type RoutePlan } from "./traffic/plan";
import { planTrust, type TrustPlan } from "./trust/plan";

/** Everything the components need, decided. Each list is in a stable order: that of the names. */
export interface Plan {
  readonly trust: TrustPlan;
  readonly clusters: readonly ClusterPlan[];
  readonly accesses: readonly AccessPlan[];
  /** Days after which a token is old; `undefined` is never. */
  readonly maxTokenAge: number | undefined;
  /** Those that this stack makes. */
  readonly links: readonly LinkPlan[];
  /** Those that wait for another stack. */
  readonly pending: readonly PendingLink[];
  /** Whether the fleet has other stacks. */
  readonly shared: boolean;
  /** Issuers that this stack signs for the clusters of others. */
  readonly othersIssuers: readonly OthersIssuer[];
  /** Clusters of other stacks that the links lead to. */
  readonly neighbours: readonly ClusterPlan[];
  readonly exports: readonly ExportPlan[];
  /** Exports of the clusters of all other stacks. */
  readonly otherExports: readonly ExportPlan[];
  /** By `exportKey`, of exports whose label changes in a way that callers must not notice. */
  readonly labelOrder: Readonly<Record<string, LabelOrder>>;
  readonly routeOrder: RouteOrder;
  readonly grants: readonly GrantPlan[];
  /** The place of each export in `services`, by its key: for messages. */
  readonly entries: ReadonlyMap<string, number>;
  readonly routes: readonly RoutePlan[];
  readonly admissions: readonly AdmissionPlan[];
}

/**
 * Decides everything about a valid fleet, or about one stack's part of it. Pure, and the same for any order of keys.
 */
export function planFleet(config: FleetConfig, around = WHOLE): Plan {
  const links = planLinks(config.topology, config.clusters);
  const others = otherStacks(config, around.self);
  const { ready, pending } = settleLinks(links, others, around);
  const isOwn = (cluster: string) => !others.has(cluster);
  const targets = new Set(ready.map(({ target }) => target));
  const outgoing = Map.groupBy(ready, ({ source }) => source);
  const incoming = Map.groupBy(links, ({ target }) => target);
  const exports = planExports(config);
  const grants = sorted(planGrants(config, links), exportKey).filter(({ cluster }) => isOwn(cluster));
  const headless = new Set(
    config.services.filter(({ headless, mode }) => headless && mode === "gateway").flatMap((one) => one.in),
  );
  const clusters = sorted(Object.entries(config.clusters), ([name]) => name)
    .filter(([name]) => isOwn(name) || targets.has(name))
    .map(([name, cluster]) => ({
      ...planCluster(name, cluster, config, outgoing.get(name) ?? [], incoming.get(name) ?? [], headless),
      ...definedOnly({ stack: others.get(name) }),
      ...(hasOwnMembers(exports, name) ? { ownMembers: true } : {}),
    }));
  return {
    trust: { ...planTrust(config.trust), ...definedOnly({ from: trustStack(config, around.self) }) },
    shared: isShared(config),
    othersIssuers: planOthersIssuers(config, around.self),
    neighbours: clusters.filter(({ name }) => !isOwn(name)),
    clusters: clusters
      .filter(({ name }) => isOwn(name))
      .map((cluster) => {
        const discovered = (outgoing.get(cluster.name) ?? []).filter(needsDestination).length;
        const observability = planObservability(config, { ...cluster, discovered }, exports, grants);
        return observability ? { ...cluster, observability } : cluster;
      }),
    accesses: planAccesses(
      config.access,
      links.filter(({ target }) => isOwn(target)),
      others,
      around,
    ),
    maxTokenAge: config.access.maxAge,
    links: selectNamed(ready, exports),
    pending,
    exports: exports.filter(({ cluster }) => isOwn(cluster)),
    otherExports: exports.filter(({ cluster }) => !isOwn(cluster)),
    labelOrder: {},
    routeOrder: NO_ORDER,
    grants,
    entries: exportEntries(config),
    routes: sorted(planRoutes(config, links), (route) => `${exportKey(route)}/${route.port}`).filter(
      ({ cluster }) => isOwn(cluster),
    ),
    admissions: sorted(planAdmissions(config, links, exports, grants), ({ cluster }) => cluster).filter(
      ({ cluster }) => isOwn(cluster),
    ),
  };
}
