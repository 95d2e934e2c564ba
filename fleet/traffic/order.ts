import { exportKey, linkKey } from "../config/names";
import type { ExportPlan } from "../exports/plan";
import { type RawOutputs, readOutput } from "../outputs/schema";
import type { LinkPlan } from "../topology/plan";

/**
 * What comes or goes in this deployment, of that which makes a mirror: an export's label, by `exportKey`, and a
 * Link, as `<source>/<target>`. Routes that lead to a mirror are written after it is there and before it is gone:
 * Linkerd answers 500 to a request that is to go to a Service which does not exist. What stays as it is is not
 * named: a dead cluster then keeps no other from its routes.
 */
export interface RouteOrder {
  readonly coming: readonly string[];
  readonly leaving: readonly string[];
}

export const NO_ORDER: RouteOrder = { coming: [], leaving: [] };

export function routeOrder(
  outputs: RawOutputs,
  exports: readonly ExportPlan[],
  links: readonly LinkPlan[],
): RouteOrder {
  const services = readOutput(outputs, "services") ?? [];
  const before = new Set([
    ...services.flatMap(({ namespace, name, clusters }) =>
      clusters.map((cluster) => exportKey({ cluster, namespace, name })),
    ),
    ...(readOutput(outputs, "links") ?? []).filter(({ state }) => state === "active").map(linkKey),
  ]);
  const after = new Set([
    ...exports.filter(({ evacuated }) => !evacuated).map(exportKey),
    ...links.filter(({ state }) => state === "active").map(linkKey),
  ]);
  const all = [...exports.map(exportKey), ...links.map(linkKey)];
  return {
    coming: all.filter((key) => after.has(key) && !before.has(key)),
    leaving: all.filter((key) => before.has(key) && !after.has(key)),
  };
}
