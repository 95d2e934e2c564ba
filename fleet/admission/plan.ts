import type { FleetConfig } from "../config/fleetConfig";
import { credentialsName, MULTICLUSTER_NAMESPACE } from "../config/names";
import { exportLabels } from "../exports/labels";
import type { ExportPlan } from "../exports/plan";
import type { GrantPlan } from "../grants/plan";
import { needsDestination } from "../links/objects";
import type { LinkPlan } from "../topology/plan";

/** Changes that the API server of one cluster accepts: those that the plan declares for it, and from whom. */
export interface AdmissionPlan {
  readonly cluster: string;
  readonly mode: "warn" | "enforce";
  /** `user:<name>` or `group:<name>`; absent for whoever may change admission policies. */
  readonly operators?: readonly string[];
  /** `Link <namespace>/<name>` and `Secret <namespace>/<name>`: its Links and their credentials. */
  readonly links: readonly string[];
  /** For each label that lets a Service cross, `<key>=<value>`: the Services that carry it, `<namespace>/<name>`. */
  readonly exports: Readonly<Record<string, readonly string[]>>;
  /** Namespaces of Services that have a grant. */
  readonly namespaces: readonly string[];
  /** The ports of those Services that grants are about, by namespace, as text. */
  readonly ports: Readonly<Record<string, readonly string[]>>;
}

/** One for each cluster whose admission is not off. */
export function planAdmissions(
  config: FleetConfig,
  links: readonly LinkPlan[],
  exports: readonly ExportPlan[],
  grants: readonly GrantPlan[],
): AdmissionPlan[] {
  const outgoing = Map.groupBy(links, ({ source }) => source);
  const exported = Map.groupBy(exports, ({ cluster }) => cluster);
  const granted = Map.groupBy(grants, ({ cluster }) => cluster);
  return Object.entries(config.clusters).flatMap(([cluster, own]) => {
    const mode = own.admission ?? config.admission;
    const operators = own.operators ?? config.operators;
    if (mode === "off") return [];
    const controlPlane = own.linkerd.namespace ?? config.linkerd.namespace;
    return [
      {
        cluster,
        mode,
        ...(operators === undefined ? {} : { operators }),
        links: (outgoing.get(cluster) ?? []).flatMap((link) => [
          `Link ${MULTICLUSTER_NAMESPACE}/${link.target}`,
          ...(needsDestination(link) ? [`Secret ${controlPlane}/${credentialsName(link.target)}`] : []),
          `Secret ${MULTICLUSTER_NAMESPACE}/${credentialsName(link.target)}`,
        ]),
        exports: servicesByLabel(exported.get(cluster) ?? []),
        namespaces: [...new Set(exported.get(cluster)?.map(({ namespace }) => namespace))].sort(),
        ports: portsByNamespace(granted.get(cluster) ?? []),
      },
    ];
  });
}

function portsByNamespace(grants: readonly GrantPlan[]): Record<string, string[]> {
  const byNamespace = Map.groupBy(grants, ({ namespace }) => namespace);
  return Object.fromEntries(
    [...byNamespace].map(([namespace, of]) => [
      namespace,
      [...new Set(of.flatMap(({ ports }) => ports.map(({ port }) => `${port}`)))].sort(),
    ]),
  );
}

function servicesByLabel(exports: readonly ExportPlan[]): Record<string, string[]> {
  // Includes an evacuated cluster: the way back sets the labels, and must not wait for the policy.
  const labelled = exports.flatMap((one) =>
    Object.entries(exportLabels(one)).map(([key, value]) => ({
      label: `${key}=${value}`,
      service: `${one.namespace}/${one.name}`,
    })),
  );
  const byLabel = Map.groupBy(labelled, ({ label }) => label);
  return Object.fromEntries([...byLabel].map(([label, of]) => [label, of.map(({ service }) => service)]));
}
