import { FEDERATED_SUFFIX } from "../../names";
import { type Problem, pathOf } from "../../problems";
import type { ClusterConfig } from "../clusters";
import { isMap } from "../json";
import type { Readable } from "../readable";

/** Each cluster is one of its own, and can be reached. */
export function clusterRules(fleet: Readable): Problem[] {
  return [
    ...noCluster(fleet),
    ...reservedName(fleet),
    ...[...fleet.clusters].flatMap(([name, cluster]) => judgeCluster(name, cluster)),
    ...sameTwice(
      fleet,
      "context",
      contextOf,
      "uses the same kubeconfig context as",
      "name the context of this cluster",
    ),
    ...sameTwice(
      fleet,
      "apiServer",
      apiServerOf,
      "has the same API server as",
      "name the API server of this cluster",
    ),
    ...controlPlaneNamespaces(fleet),
  ];
}

function noCluster({ raw }: Readable): Problem[] {
  const { clusters } = raw.values;
  if (!isMap(clusters) || Object.keys(clusters).length > 0) return [];
  return [{ path: "clusters", problem: "names no cluster", fix: "describe at least one, by its name" }];
}

function reservedName({ clusterNames }: Readable): Problem[] {
  const reserved = FEDERATED_SUFFIX.slice(1);
  if (!clusterNames.has(reserved)) return [];
  const problem = "would give its mirror services the names of federated services";
  return [{ path: pathOf(["clusters", reserved]), problem, fix: "choose another name" }];
}

function judgeCluster(name: string, cluster: ClusterConfig): Problem[] {
  const problems: Problem[] = [];
  const add = (keys: readonly string[], problem: string, fix: string) =>
    problems.push({ path: pathOf(["clusters", name, ...keys]), problem, fix });
  if (cluster.context === undefined && cluster.kubeconfig === undefined) {
    add(
      ["context"],
      "is missing, and so is kubeconfig",
      "name the cluster's context, or the secret of its kubeconfig",
    );
  }
  const { gateway } = cluster;
  if (gateway.type !== "none" && gateway.port === gateway.probePort) {
    add(["gateway", "probePort"], "is also the port of the gateway", "write two different ports");
  }
  return problems;
}

/** Two names for one cluster would install everything twice in it, one over the other. */
function sameTwice(
  { clusters }: Readable,
  setting: "context" | "apiServer",
  identity: (cluster: ClusterConfig) => string | undefined,
  problem: string,
  fix: string,
): Problem[] {
  const first = new Map<string, string>();
  return [...clusters].flatMap(([name, cluster]) => {
    const id = identity(cluster);
    const other = id === undefined ? undefined : first.get(id);
    if (id !== undefined && other === undefined) first.set(id, name);
    return other === undefined
      ? []
      : [{ path: pathOf(["clusters", name, setting]), problem: `${problem} ${other}`, fix }];
  });
}

function contextOf({ context, kubeconfig }: ClusterConfig): string | undefined {
  if (context === undefined && kubeconfig === undefined) return undefined;
  return JSON.stringify([kubeconfig?.secret, context]);
}

function apiServerOf({ apiServer }: ClusterConfig): string | undefined {
  return URL.canParse(apiServer) ? new URL(apiServer).href.replace(/\/$/, "") : undefined;
}

/** Flat and federated traffic loses its identity between control planes of different namespaces. */
function controlPlaneNamespaces({ linkerd, clusters }: Readable): Problem[] {
  if (!linkerd) return [];
  const namespaces = new Set(
    [...clusters.values()].map((cluster) => cluster.linkerd.namespace ?? linkerd.namespace),
  );
  if (namespaces.size < 2) return [];
  return [...clusters]
    .filter(([, cluster]) => (cluster.linkerd.namespace ?? linkerd.namespace) !== linkerd.namespace)
    .map(([name]) => ({
      path: pathOf(["clusters", name, "linkerd", "namespace"]),
      problem: "is not the control plane's namespace of the other clusters",
      fix: "remove it, and set linkerd.namespace for the whole fleet",
    }));
}
