import { definedOnly, sorted } from "../config/collections";
import type { Mode } from "../config/common";
import type { FleetConfig } from "../config/fleetConfig";
import { exportKey } from "../config/names";
import { isGatewayService } from "../gateways/plan";
import { type LinkPlan, orderModes } from "../topology/plan";
import { callAnnotations, DEFAULT_ACCRUAL, preferringLocal } from "../traffic/plan";
import { crossingModes, type NamedClusters } from "./named";

/** A service that one cluster exports. */
export interface ExportPlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** In the order gateway, flat, federated. */
  readonly modes: readonly Mode[];
  /** By mode: the only clusters that see it, in the order of their names. Absent: every linked cluster. */
  readonly to?: NamedClusters<Mode>;
  /** Its cluster is evacuated: the Service carries no export label, so that no cluster sees it. */
  readonly evacuated: boolean;
  /** Annotations for the proxies of its callers. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * `default`: callers leave out members that fail, though the stack file says nothing of it; `none`: it says that
   * they do not.
   */
  readonly accrual?: "default" | "none";
  /** It is also the Service of its cluster's gateway, which another patch writes in a name of its own. */
  readonly isGateway?: true;
}

/**
 * The order in which the label of an export and the Links that select it are written, where the label changes between
 * the value for every linked cluster and the service's own. Every Link selects the first. So the Links that name the
 * service select its own value before the label has it, and until the label has it no more. A Link that selects
 * neither for a moment would make its service mirror delete the mirror, and callers would fail.
 */
export type LabelOrder = "links-first" | "label-first";

export function planExports({ services, clusters }: FleetConfig): ExportPlan[] {
  const exports = new Map<string, ExportPlan>();
  const prefers = preferringLocal(services);
  for (const service of services) {
    const { name, namespace, mode } = service;
    const failureAccrual =
      service.failureAccrual ?? (prefers.has(`${namespace}/${name}`) ? DEFAULT_ACCRUAL : undefined);
    const annotations = callAnnotations({ ...service, ...definedOnly({ failureAccrual }) });
    const accrual = failureAccrual?.mode === "none" ? ("none" as const) : undefined;
    for (const cluster of service.in) {
      const key = exportKey({ cluster, namespace, name });
      const other = exports.get(key);
      const modes = orderModes([...(other?.modes ?? []), mode]);
      const evacuated = clusters[cluster]?.evacuate ?? false;
      const to = service.to ? { ...other?.to, [mode]: [...service.to].sort() } : other?.to;
      exports.set(key, {
        cluster,
        namespace,
        name,
        modes,
        ...definedOnly({ to, accrual }),
        evacuated,
        annotations,
        ...(isGatewayService(clusters[cluster]?.gateway, service) ? { isGateway: true as const } : {}),
      });
    }
  }
  return sorted([...exports.values()], exportKey);
}

/** Where in `services` each export is declared first, by its key. */
export function exportEntries({ services }: FleetConfig): ReadonlyMap<string, number> {
  const entries = services.flatMap(({ namespace, name, in: clusters }, at) =>
    clusters.map((cluster) => [exportKey({ cluster, namespace, name }), at] as const),
  );
  // Of several entries of a key, a Map keeps the last.
  return new Map(entries.reverse());
}

/** Whether a cluster has a federated service that crosses to named clusters only. */
export function hasOwnMembers(exports: readonly ExportPlan[], cluster: string): boolean {
  return exports.some((one) => one.cluster === cluster && one.to?.federated);
}

/** The links, each with the services that it selects by name. Also those of an evacuated cluster: it comes back. */
export function selectNamed(links: readonly LinkPlan[], exports: readonly ExportPlan[]): LinkPlan[] {
  const named = Map.groupBy(
    exports.filter(({ to }) => to),
    ({ cluster }) => cluster,
  );
  return links.map((link) => {
    const crossing = (named.get(link.target) ?? []).flatMap((one) =>
      crossingModes(one, link)
        .filter((mode) => one.to?.[mode])
        .map((mode) => ({ mode, service: { namespace: one.namespace, name: one.name } })),
    );
    if (crossing.length === 0) return link;
    const modes = Map.groupBy(crossing, ({ mode }) => mode);
    const selects = [...modes].map(([mode, of]) => [mode, of.map(({ service }) => service)]);
    return { ...link, selects: Object.fromEntries(selects) };
  });
}
