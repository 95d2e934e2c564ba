import { sorted } from "../config/collections";
import type { Mode } from "../config/common";
import type { FleetConfig } from "../config/fleetConfig";
import { exportKey } from "../config/names";
import { orderModes } from "../topology/plan";
import { callAnnotations } from "../traffic/plan";

/** A service that one cluster exports. */
export interface ExportPlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** In the order gateway, flat, federated. */
  readonly modes: readonly Mode[];
  /** Its cluster is evacuated: the Service carries no export label, so that no cluster sees it. */
  readonly evacuated: boolean;
  /** Annotations for the proxies of its callers. */
  readonly annotations: Readonly<Record<string, string>>;
}

export function planExports({ services, clusters }: FleetConfig): ExportPlan[] {
  const exports = new Map<string, ExportPlan>();
  for (const service of services) {
    const { name, namespace, mode } = service;
    const annotations = callAnnotations(service);
    for (const cluster of service.in) {
      const key = exportKey({ cluster, namespace, name });
      const modes = orderModes([...(exports.get(key)?.modes ?? []), mode]);
      const evacuated = clusters[cluster]?.evacuate ?? false;
      exports.set(key, { cluster, namespace, name, modes, evacuated, annotations });
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
