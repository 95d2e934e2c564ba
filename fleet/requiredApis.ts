import type { Plan } from "./plan";

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
  return plan.clusters.flatMap((cluster) =>
    cluster.observability
      ? [
          {
            cluster: cluster.name,
            groupVersion: "monitoring.coreos.com/v1",
            kinds: ["PodMonitor", "PrometheusRule"],
            path: "observability",
            fix: `install the Prometheus Operator (or its CRDs) in ${cluster.name}, or write clusters.${cluster.name}.observed: false`,
          },
        ]
      : [],
  );
}
