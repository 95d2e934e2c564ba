import { DEFAULT_POLICY, exportKey, GRANT_PREFIX } from "../config/names";
import { type Cluster, indexed } from "../effective/cluster";
import { proxyOf } from "../effective/proxy";
import { podsOf, serviceOf } from "../effective/reach";
import { type Pod, type Server, type Service, server as serverShape } from "../effective/shapes";
import { EXPORT_KEYS } from "../exports/labels";
import type { Plan } from "../plan";
import { grantObjects, SERVICE_LABEL, serverOf } from "./objects";
import type { GrantPlan } from "./plan";
import type { ContainerPort } from "./schema";
import type { Labels } from "./sharedPods";

/** An exported service as one cluster has it. */
export interface Exported {
  readonly grant: GrantPlan;
  readonly service: Service;
  /** Labels of the pods that its Servers select. */
  readonly selector: Labels;
  /** The pods behind it. */
  readonly pods: readonly Pod[];
  /** It crosses through the gateway, which is among the local callers of other services. */
  readonly throughGateway: boolean;
  /** Nobody of another cluster calls it yet, and this update changes that. */
  readonly isNew: boolean;
}

/** The exported services of one namespace, and the Servers around them. */
export interface Around {
  readonly all: readonly Exported[];
  readonly planned: readonly PlannedServer[];
  /** Pods of other clusters reach its pods. */
  readonly isShared: boolean;
  /** Policy of ports that no Server covers, in pods that get their proxies from now on. */
  readonly defaultPolicy: string;
  readonly before: Cluster;
  /** With the Servers that the plan makes. */
  readonly after: Cluster;
}

export interface PlannedServer {
  readonly of: Exported;
  readonly port: ContainerPort;
  readonly server: Server;
}

/** The exported services of one cluster, namespace by namespace. A Service that is not there is none. */
export function exportedServices(plan: Plan, cluster: Cluster): Around[] {
  const exports = new Map(plan.exports.map((one) => [exportKey(one), one]));
  const namespaces = plan.clusters.find(({ name }) => name === cluster.name)?.namespaces ?? {};
  const defaultPolicyOf = (namespace: string) =>
    namespaces[namespace]?.defaultInboundPolicy ?? cluster.mesh.defaultInboundPolicy;
  const exported = plan.grants
    .filter((grant) => grant.cluster === cluster.name)
    .flatMap((grant): Exported[] => {
      const service = serviceOf(cluster, grant);
      const selector = grant.pods ?? service?.spec.selector ?? {};
      // Without labels, nobody knows which pods: the component says so.
      if (!service || Object.keys(selector).length === 0) return [];
      const isExported = EXPORT_KEYS.some((key) => key in service.metadata.labels);
      const { modes = [], evacuated = true } = exports.get(exportKey(grant)) ?? {};
      return [
        {
          ...{ grant, service, selector },
          pods: podsOf(cluster, service).map((pod) => withPolicy(pod, defaultPolicyOf(grant.namespace))),
          throughGateway: modes.includes("gateway"),
          isNew: !isExported && !evacuated,
        },
      ];
    });
  const isShared = sharesNetwork(plan, cluster.name);
  return [...Map.groupBy(exported, ({ grant }) => grant.namespace)].map(([namespace, all]) => {
    const live = cluster.in(namespace);
    const planned = all.flatMap((of) => plannedServers(live.servers, of));
    const others = live.servers.filter((server) => !isOurs(server));
    const servers = [...others, ...planned.map(({ server }) => server)];
    const { name, mesh } = cluster;
    const after = indexed({ name, mesh, objects: { ...live, servers } });
    const defaultPolicy = defaultPolicyOf(namespace);
    return { all, planned, isShared, defaultPolicy, before: cluster, after };
  });
}

/** A pod without a proxy, as it is when it has restarted: the injector writes its namespace's policy into it. */
function withPolicy(pod: Pod, policy: string): Pod {
  const { metadata } = pod;
  if (proxyOf(pod) || DEFAULT_POLICY in metadata.annotations) return pod;
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [DEFAULT_POLICY]: policy } },
  };
}

function sharesNetwork({ clusters, neighbours }: Plan, name: string): boolean {
  const all = [...clusters, ...neighbours];
  const network = all.find((cluster) => cluster.name === name)?.network;
  return network !== undefined && all.some((other) => other.name !== name && other.network === network);
}

/** Younger than every live Server. */
const NEW = "9999-12-31T23:59:59Z";

function plannedServers(live: readonly Server[], of: Exported): PlannedServer[] {
  const { grant, selector } = of;
  const objects = grantObjects(grant, selector);
  return grant.ports.flatMap(({ port }) => {
    const { name } = serverOf(grant, port);
    const created = live.find(({ metadata }) => metadata.name === name)?.metadata.creationTimestamp;
    return objects.flatMap((object): PlannedServer[] => {
      if (object.kind !== "Server" || object.metadata.name !== name) return [];
      const metadata = { ...object.metadata, creationTimestamp: created ?? NEW };
      return [{ of, port, server: serverShape.parse({ metadata, spec: object.spec }) }];
    });
  });
}

/** Whether this program made it. */
export function isOurs({ metadata }: Server): boolean {
  return metadata.name.startsWith(GRANT_PREFIX) && SERVICE_LABEL in metadata.labels;
}
