import type { ClusterPlan } from "../fleet/clusters/plan";
import type { Plan } from "../fleet/plan";

/** An object of a cluster in memory. */
export interface Stored {
  /** `/api/v1/secrets`: the collection of all namespaces. */
  readonly collection: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
  };
  readonly [field: string]: unknown;
}

export const ADDRESS = "198.51.100.1";

export const RBAC = "/apis/rbac.authorization.k8s.io/v1";

export const POLICY = "/apis/policy.linkerd.io";

export function at(
  collection: string,
  namespace: string,
  name: string,
  rest: object = {},
  metadata: object = {},
): Stored {
  return { collection, metadata: { name, namespace, ...metadata }, ...rest };
}

export function deployment(namespace: string, name: string, labels: object = {}): Stored {
  const spec = { replicas: 1, selector: { matchLabels: { app: name } }, template: {} };
  return at(
    "/apis/apps/v1/deployments",
    namespace,
    name,
    { spec, status: { availableReplicas: 1 } },
    { labels },
  );
}

export function mirrorLabels(target: string): Record<string, string> {
  return { "mirror.linkerd.io/cluster-name": target };
}

export function exportsOf({ exports }: Plan, cluster: string): Plan["exports"] {
  return exports.filter((one) => one.cluster === cluster);
}

export function clusterOf({ clusters, neighbours }: Plan, name: string): ClusterPlan {
  const cluster = [...clusters, ...neighbours].find((one) => one.name === name);
  if (!cluster) throw new Error(`no cluster ${name}`);
  return cluster;
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
