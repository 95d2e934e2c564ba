import type { ClusterPlan } from "../fleet/clusters/plan";
import { GATEWAY_NAME, MULTICLUSTER_NAMESPACE } from "../fleet/config/names";
import type { Cluster } from "../fleet/effective/cluster";
import { emissaryPolicies } from "../fleet/gateways/emissaryObjects";
import { chartGatewayCallers } from "../fleet/gateways/objects";
import { GATEWAY_AUTHENTICATIONS, type GatewayPlan } from "../fleet/gateways/plan";
import { reachAnnotations } from "../fleet/gateways/reach";
import { grantObjects } from "../fleet/grants/objects";
import type { GrantPlan } from "../fleet/grants/plan";
import type { FleetObject } from "../fleet/objects/object";
import type { Plan } from "../fleet/plan";
import { clusterOf, meshedPod, type Raw } from "./effective";

export type Lists = { -readonly [K in keyof Raw]-?: object[] };

/**
 * What the program and the charts make in one cluster, with a pod behind each Service, and one that nobody declares.
 * `at` tells its pod network: `10.<at>.0.0/16`, or the first three numbers of its addresses. `spare`: ports of every
 * pod that no grant is about.
 */
export function plannedObjects(
  plan: Plan,
  { name, gateway }: ClusterPlan,
  at: number | string,
  spare: readonly number[] = [],
): Lists {
  const grants = plan.grants.filter(({ cluster }) => cluster === name);
  const network = typeof at === "number" ? `10.${at}.0` : at;
  const lists: Lists = {
    pods: grants.map((grant, pod) => podOf(grant, `${network}.${pod + 10}`, spare)),
    services: grants.map(serviceOf),
    servers: [],
    policyHttpRoutes: [],
    gatewayHttpRoutes: [],
    grpcRoutes: [],
    authorizationPolicies: [],
    meshTlsAuthentications: [],
    networkAuthentications: [],
    serverAuthorizations: [],
  };
  for (const grant of grants) add(lists, grantObjects(grant, grant.pods ?? { app: grant.name }));
  addGateway(lists, gateway, network);
  lists.pods.push(
    meshedPod("batch", {
      metadata: { namespace: "elsewhere", labels: {} },
      status: { podIP: `${network}.9` },
    }),
  );
  return lists;
}

export function clusterFrom(
  lists: Raw,
  { name, trustDomain, controlPlaneNamespace, clusterDomain }: ClusterPlan,
): Cluster {
  return clusterOf(lists, { trustDomain, controlPlaneNamespace, clusterDomain }, name);
}

/** All clusters of a plan as they are when everything is as planned. */
export function plannedClusters(plan: Plan): Map<string, Cluster> {
  return new Map(
    plan.clusters.map((cluster) => [
      cluster.name,
      clusterFrom(plannedObjects(plan, cluster, networkOf(cluster)), cluster),
    ]),
  );
}

/** As the fleets of `arbitraries.ts` number their clusters. */
export function networkOf({ apiServer }: ClusterPlan): number {
  return Number(/\d+/.exec(apiServer)?.[0] ?? 0);
}

const NUMBERS: Readonly<Record<string, number>> = { http: 3000, admin: 4000 };

function containerPorts(
  { ports }: GrantPlan,
  spare: readonly number[],
): { name?: string; containerPort: number }[] {
  return [
    ...ports.map(({ port }) =>
      typeof port === "number"
        ? { containerPort: port }
        : { name: port, containerPort: NUMBERS[port] ?? 5000 },
    ),
    ...spare.map((containerPort) => ({ containerPort })),
  ];
}

function podOf(grant: GrantPlan, podIP: string, spare: readonly number[]): object {
  const [app, proxy] = [
    { name: "app", ports: containerPorts(grant, spare) },
    { name: "linkerd-proxy", ports: [{ name: "linkerd-proxy", containerPort: 4143 }] },
  ];
  return meshedPod(grant.name, {
    metadata: { namespace: grant.namespace, labels: grant.pods ?? { app: grant.name } },
    spec: { containers: [app, proxy] },
    status: { podIP },
  });
}

function serviceOf(grant: GrantPlan): object {
  return {
    metadata: { name: grant.name, namespace: grant.namespace },
    spec: {
      selector: grant.pods ?? { app: grant.name },
      ports: grant.ports.map(({ port }, at) => ({
        name: at === 0 ? "http" : `p${at}`,
        port: 80 + at,
        targetPort: port,
      })),
    },
  };
}

/** When the fleet made its objects. */
export const CREATED = "2026-06-01T00:00:00Z";

const LISTS: Readonly<Record<string, keyof Lists>> = {
  Server: "servers",
  HTTPRoute: "policyHttpRoutes",
  AuthorizationPolicy: "authorizationPolicies",
  MeshTLSAuthentication: "meshTlsAuthentications",
  NetworkAuthentication: "networkAuthentications",
};

/** Objects as an API server has them; a patch replaces what a list already holds of that name. */
function add(lists: Lists, objects: readonly FleetObject[]): void {
  for (const { kind, metadata, ...object } of objects) {
    const list = LISTS[kind];
    if (!list || !("spec" in object)) continue;
    const others = lists[list].filter((other) => !isCalled(other, metadata));
    lists[list] = [...others, { metadata: { ...metadata, creationTimestamp: CREATED }, spec: object.spec }];
  }
}

function isCalled(object: object, { name, namespace }: FleetObject["metadata"]): boolean {
  const { metadata } = object as { metadata: FleetObject["metadata"] };
  return metadata.name === name && metadata.namespace === namespace;
}

/**
 * As linkerd2 `linkerd-multicluster/templates/gateway.yaml` and `gateway-policy.yaml` have it, or Emissary patched.
 */
function addGateway(lists: Lists, gateway: GatewayPlan, network: string): void {
  if (!gateway.enabled) return;
  const [namespace, name, account] =
    gateway.kind === "chart"
      ? [MULTICLUSTER_NAMESPACE, GATEWAY_NAME, GATEWAY_NAME]
      : [gateway.config.namespace, gateway.config.deployment, gateway.config.serviceAccount];
  const labels = { app: name };
  lists.pods.push(
    meshedPod(name, {
      metadata: {
        namespace,
        labels,
        annotations: {
          "config.linkerd.io/enable-gateway": "true",
          ...reachAnnotations(gateway),
          "config.linkerd.io/proxy-require-identity-inbound-ports": "4143",
          ...(gateway.kind === "chart"
            ? { "config.linkerd.io/default-inbound-policy": "all-authenticated" }
            : {}),
        },
      },
      spec: { serviceAccountName: account },
      status: { podIP: `${network}.2` },
    }),
  );
  if (gateway.kind === "emissary") {
    add(lists, emissaryPolicies(gateway, labels));
    return;
  }
  const own = (name: string) => ({ name, namespace, creationTimestamp: CREATED });
  const { networks, identities } = GATEWAY_AUTHENTICATIONS.chart;
  const ref = (kind: string, name: string) => ({ group: "policy.linkerd.io", kind, name });
  const spec = { podSelector: { matchLabels: labels }, port: "linkerd-proxy" };
  lists.servers.push({ metadata: own("linkerd-gateway"), spec });
  lists.meshTlsAuthentications.push({ metadata: own(identities), spec: { identities: ["*"] } });
  lists.networkAuthentications.push({
    metadata: own(networks),
    spec: { networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] },
  });
  lists.authorizationPolicies.push({
    metadata: own("linkerd-gateway"),
    spec: {
      targetRef: ref("Server", "linkerd-gateway"),
      requiredAuthenticationRefs: [
        ref("MeshTLSAuthentication", identities),
        ref("NetworkAuthentication", networks),
      ],
    },
  });
  add(lists, chartGatewayCallers({ gateway }, namespace));
}
