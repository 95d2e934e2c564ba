import { z } from "zod";
import {
  type RequiredApi,
  type RequiredNamespace,
  requiredApis,
  requiredNamespaces,
} from "../fleet/clusters/requirements";
import type { Problem } from "../fleet/config/problems";
import type { Plan } from "../fleet/plan";
import type { LiveCluster } from "../live/cluster";

/** What has to be there before the first resource and is not. Clusters are asked only if the plan needs it. */
export async function preflight(plan: Plan, secret: (key: string) => string | undefined): Promise<Problem[]> {
  const apis = requiredApis(plan);
  const namespaces = requiredNamespaces(plan);
  const asked = new Set([...apis, ...namespaces].map(({ cluster }) => cluster));
  if (asked.size === 0) return [];
  // The Kubernetes client takes long to load, and its HTTP library needs a newer Node.js than Pulumi does.
  const { openCluster } = await import("../live/cluster");
  const opened = plan.clusters
    .filter(({ name }) => asked.has(name))
    .map(({ name, context, kubeconfig }) => {
      const value = kubeconfig && secret(kubeconfig.secret);
      return [name, openCluster(name, context, value ? { state: "found", value } : undefined)] as const;
    });
  const clusters = new Map(opened);
  return [...(await missingApis(apis, clusters)), ...(await missingNamespaces(namespaces, clusters))];
}

const discovery = z.object({ resources: z.array(z.object({ kind: z.string() })) });

/**
 * The kinds that clusters say they do not have. A cluster that does not answer is not judged: it must not hold up the
 * others, and its own resources will say so.
 */
export async function missingApis(
  required: readonly RequiredApi[],
  clusters: ReadonlyMap<string, Pick<LiveCluster, "get">>,
): Promise<Problem[]> {
  const asked = required.map(async ({ cluster, groupVersion, kinds, path, fix }): Promise<Problem[]> => {
    const answer = await clusters.get(cluster)?.get(`/apis/${groupVersion}`, discovery);
    if (answer === undefined || answer.state === "failed") return [];
    const known = answer.state === "found" ? answer.value.resources.map(({ kind }) => kind) : [];
    const missing = kinds.filter((kind) => !known.includes(kind));
    if (missing.length === 0) return [];
    return [{ path, problem: `${cluster} has no ${missing.join(", ")} of ${groupVersion}`, fix }];
  });
  return (await Promise.all(asked)).flat();
}

/** As `missingApis`. */
export async function missingNamespaces(
  required: readonly RequiredNamespace[],
  clusters: ReadonlyMap<string, Pick<LiveCluster, "get">>,
): Promise<Problem[]> {
  const asked = required.map(async ({ cluster, namespace, path, fix }): Promise<Problem[]> => {
    const answer = await clusters.get(cluster)?.get(`/api/v1/namespaces/${namespace}`, z.unknown());
    if (answer?.state !== "missing") return [];
    return [{ path, problem: `${cluster} has no namespace ${namespace}`, fix }];
  });
  return (await Promise.all(asked)).flat();
}
