import { isMap, storedText } from "../config/json";
import {
  accessName,
  CONTROL_PLANE_NAMESPACE,
  FEDERATED_SUFFIX,
  GATEWAY_PORT,
  MULTICLUSTER_NAMESPACE,
  PROBE_PORT,
  VIZ_NAMESPACE,
} from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { gatewayPorts } from "../gateways/plan";
import type { EmissaryConfig } from "../gateways/schema";
import { sameStack } from "../stacks/plan";
import type { ClusterConfig } from "./schema";
import { kubeconfigProblem } from "./storedKubeconfig";

/** Each cluster is one of its own, and can be reached. */
export function clusterRules(fleet: Readable): Problem[] {
  return [
    ...noCluster(fleet),
    ...reservedName(fleet),
    ...[...fleet.clusters].flatMap(([name, cluster]) => judgeCluster(fleet, name, cluster)),
    ...unusableKubeconfigs(fleet),
    ...chartAccesses(fleet),
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
    ...ownNamespaces(fleet),
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

function judgeCluster({ isUnread }: Readable, name: string, cluster: ClusterConfig): Problem[] {
  const unread = (...keys: readonly string[]) => isUnread(["clusters", name, ...keys]);
  const problems: Problem[] = [];
  const add = (keys: readonly string[], problem: string, fix: string) =>
    problems.push({ path: pathOf(["clusters", name, ...keys]), problem, fix });
  if (
    cluster.context === undefined &&
    cluster.kubeconfig === undefined &&
    !unread("context") &&
    !unread("kubeconfig")
  ) {
    add(
      ["context"],
      "is missing, and so is kubeconfig",
      "name the cluster's context, or where its kubeconfig is",
    );
  }
  const { gateway } = cluster;
  const ports = gatewayPorts(gateway);
  if (ports && ports.port === ports.probePort) {
    add(["gateway", "probePort"], "is also the port of the gateway", "write two different ports");
  }
  if (gateway.type === "emissary")
    problems.push(...judgeEmissary(name, gateway, unread("gateway", "address")));
  return problems;
}

/** A provider with such a kubeconfig fails only where it has something to do: a run could end as if all were well. */
function unusableKubeconfigs({ raw, clusters }: Readable): Problem[] {
  return [...clusters].flatMap(([name, { context, kubeconfig }]) => {
    if (kubeconfig === undefined) return [];
    if ("stack" in kubeconfig) {
      if (raw.stack === undefined || !sameStack(kubeconfig.stack, raw.stack)) return [];
      const problem = "is this stack, whose outputs are there only after it has run";
      const path = pathOf(["clusters", name, "kubeconfig", "stack"]);
      return [{ path, problem, fix: "name the stack that makes the cluster" }];
    }
    const key = kubeconfig.secret;
    const content = storedText(raw.values[key]);
    // Whether it is there, and is a secret, is judged with the others.
    if (content === undefined || !raw.secretKeys.has(key)) return [];
    const problem = kubeconfigProblem(content, context);
    if (problem === undefined) return [];
    const fix = `store it again with \`pulumi config set --secret linkerd-fleet:${key} < file\``;
    return [{ path: pathOf(["clusters", name, "kubeconfig"]), problem, fix }];
  });
}

function judgeEmissary(name: string, gateway: EmissaryConfig, addressUnread: boolean): Problem[] {
  const problems: Problem[] = [];
  const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
    problems.push({ path: pathOf(["clusters", name, "gateway", ...keys]), problem, fix });
  for (const key of ["port", "probePort"] as const) {
    if (gateway.address === undefined && !addressUnread && gateway[key] !== undefined) {
      add([key], "is for a fixed address: the Service has 4143 and 4191", "remove it, or write the address");
    }
  }
  gateway.skipInboundPorts.forEach((port, at) => {
    if (port !== GATEWAY_PORT && port !== PROBE_PORT) return;
    add(
      ["skipInboundPorts", at],
      `takes ${port} from the proxy, which must see it`,
      "name only public ports",
    );
  });
  for (const kind of ["hosts", "mappings"] as const) {
    const names = gateway[kind].map((one) => one.name);
    names.forEach((one, at) => {
      if (names.indexOf(one) < at)
        add([kind, at, "name"], "is the name of an earlier entry", "choose another name");
    });
  }
  return problems;
}

/** Helm and this program would both own it, each with another role. */
function chartAccesses({ clusters, clusterNames }: Readable): Problem[] {
  const ours = new Set([...clusterNames].map(accessName));
  return [...clusters].flatMap(([cluster, { chartAccesses = [] }]) =>
    chartAccesses.flatMap((account, at) =>
      ours.has(account)
        ? [
            {
              path: pathOf(["clusters", cluster, "chartAccesses", at]),
              problem: "is the name of an access that this program makes",
              fix: "let the chart make one of another name and link with that before you adopt the cluster",
            },
          ]
        : [],
    ),
  );
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
  return JSON.stringify([kubeconfig, context]);
}

function apiServerOf({ apiServer }: ClusterConfig): string | undefined {
  if (!URL.canParse(apiServer)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(apiServer);
  // A name with a final dot is the same name, whole.
  return `${protocol}//${hostname.replace(/\.$/, "")}:${port}${pathname.replace(/\/$/, "")}`;
}

/** A default policy of the meshed services' namespaces is no setting of Linkerd's own. */
function ownNamespaces({ linkerd, clusters }: Readable): Problem[] {
  return [...clusters].flatMap(([name, { namespaces, linkerd: own }]) => {
    const controlPlane = own.namespace ?? linkerd?.namespace ?? CONTROL_PLANE_NAMESPACE;
    return [controlPlane, MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE]
      .filter((namespace) => Object.hasOwn(namespaces, namespace))
      .map((namespace) => ({
        path: pathOf(["clusters", name, "namespaces", namespace]),
        problem: "is made by this program for Linkerd itself, whose charts have policies of their own",
        fix: "remove it; clusters.<name>.linkerd.defaultInboundPolicy holds for the whole cluster",
      }));
  });
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
