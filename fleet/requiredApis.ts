import type { ClusterPlan, Plan } from "./plan";

/** Kinds that must be in a cluster before the first resource: someone else installs them. */
export interface RequiredApi {
  readonly cluster: string;
  /** As Kubernetes names it: the group and its version. */
  readonly groupVersion: string;
  readonly kinds: readonly string[];
  /** The setting that asks for them. */
  readonly path: string;
  /** What to do where they are missing. */
  readonly fix: string;
}

/** What the plan needs of others. Without this question an update would stop half-way. */
export function requiredApis(plan: Plan): RequiredApi[] {
  return plan.clusters.flatMap((cluster) => [...emissary(cluster), ...monitoring(cluster)]);
}

function emissary({ name, gateway }: ClusterPlan): RequiredApi[] {
  if (!gateway.enabled || gateway.kind !== "emissary") return [];
  const { module, hosts, mappings } = gateway.config;
  const kinds = [
    ...(module ? ["Module"] : []),
    ...(hosts.length > 0 ? ["Host"] : []),
    ...(mappings.length > 0 ? ["Mapping"] : []),
  ];
  if (kinds.length === 0) return [];
  return [
    {
      cluster: name,
      groupVersion: "getambassador.io/v3alpha1",
      kinds,
      path: `clusters.${name}.gateway`,
      fix: `install Emissary-ingress 2 or later in ${name}, or remove module, hosts and mappings`,
    },
  ];
}

function monitoring({ name, observability }: ClusterPlan): RequiredApi[] {
  if (!observability) return [];
  return [
    {
      cluster: name,
      groupVersion: "monitoring.coreos.com/v1",
      kinds: ["PodMonitor", "PrometheusRule"],
      path: "observability",
      fix: `install the Prometheus Operator (or its CRDs) in ${name}, or write clusters.${name}.observed: false`,
    },
  ];
}
