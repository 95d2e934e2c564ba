import { type InstallPlan, planInstall } from "./charts";
import type { ClusterConfig } from "./config/clusters";
import type { Mode } from "./config/common";
import type { FleetConfig } from "./config/fleetConfig";
import type { TrustConfig } from "./config/trust";
import { type GatewayPlan, gatewayPorts, type MeshNames, planGateway } from "./gateway";
import { type GrantPlan, planGrants } from "./grants";
import { accessName, exportKey } from "./names";
import { type ObservabilityPlan, planObservability } from "./observability";
import { type Excludes, fleetExcludes, type LinkPlan, orderModes, planLinks } from "./topology";

/** Everything the components need, decided. Each list is in a stable order: that of the names. */
export interface Plan {
  readonly trust: TrustPlan;
  readonly clusters: readonly ClusterPlan[];
  readonly accesses: readonly AccessPlan[];
  readonly links: readonly LinkPlan[];
  readonly exports: readonly ExportPlan[];
  readonly grants: readonly GrantPlan[];
}

export interface TrustPlan extends Pick<TrustConfig, "issuer" | "webhooks"> {
  /** The trust bundle, in the order of the stack file. */
  readonly anchors: TrustConfig["anchors"];
  /** Id of the anchor that signs the issuers. */
  readonly active: string;
}

export interface ClusterPlan
  extends Pick<
    ClusterConfig,
    "context" | "kubeconfig" | "apiServer" | "ca" | "region" | "network" | "clusterDomain" | "wave"
  > {
  readonly name: string;
  readonly trustDomain: string;
  /** Metadata that federated services do not take over from a member in this cluster. */
  readonly excludes: Excludes;
  readonly controlPlaneNamespace: string;
  readonly install: InstallPlan;
  readonly gateway: GatewayPlan;
  /** One service-mirror controller for each outgoing link. */
  readonly controllers: readonly ControllerPlan[];
  /** Absent where its Prometheus is not told of the fleet. */
  readonly observability?: ObservabilityPlan;
}

export interface ControllerPlan {
  readonly target: string;
  /** Probes the target's gateway, at this port of the probe Service; `undefined` without a gateway. */
  readonly probePort: number | undefined;
}

/** What `target` grants `source`: a ServiceAccount whose token reads what a service mirror must read. */
export interface AccessPlan {
  readonly source: string;
  readonly target: string;
  readonly serviceAccount: string;
}

/** A service that one cluster exports. */
export interface ExportPlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** In the order gateway, flat, federated. */
  readonly modes: readonly Mode[];
}

/** Decides everything about a valid fleet. Pure, and the same for any order of keys. */
export function planFleet(config: FleetConfig): Plan {
  const links = planLinks(config.topology, config.clusters);
  const outgoing = Map.groupBy(links, ({ source }) => source);
  const incoming = Map.groupBy(links, ({ target }) => target);
  const exports = planExports(config.services);
  const clusters = sorted(Object.entries(config.clusters), ([name]) => name).map(([name, cluster]) =>
    planCluster(name, cluster, config, outgoing.get(name) ?? [], incoming.get(name) ?? []),
  );
  return {
    trust: {
      anchors: config.trust.anchors,
      active: config.trust.anchors.find((anchor) => anchor.state === "active")?.id ?? "",
      issuer: config.trust.issuer,
      webhooks: config.trust.webhooks,
    },
    clusters: clusters.map((cluster) => {
      const observability = planObservability(config, cluster, exports);
      return observability ? { ...cluster, observability } : cluster;
    }),
    accesses: links.map(({ source, target }) => ({ source, target, serviceAccount: accessName(source) })),
    links,
    exports,
    grants: sorted(planGrants(config, links), exportKey),
  };
}

function planCluster(
  name: string,
  cluster: ClusterConfig,
  fleet: FleetConfig,
  outgoing: readonly LinkPlan[],
  incoming: readonly LinkPlan[],
): ClusterPlan {
  const { context, kubeconfig, apiServer, ca, region, network, clusterDomain, wave } = cluster;
  const own = meshNames(fleet, name);
  const throughGateway = incoming.filter(({ modes }) => modes.includes("gateway"));
  return {
    name,
    ...definedOnly({ context, kubeconfig, ca, region, network }),
    apiServer,
    clusterDomain,
    wave,
    ...own,
    excludes: fleetExcludes(fleet.topology),
    install: planInstall(fleet.linkerd, cluster.linkerd),
    gateway: planGateway(
      cluster.gateway,
      own,
      throughGateway.map(({ source }) => meshNames(fleet, source)),
    ),
    controllers: outgoing.map(({ target, modes }) => {
      const gateway = modes.includes("gateway") ? fleet.clusters[target]?.gateway : undefined;
      return { target, probePort: gateway && gatewayPorts(gateway)?.probePort };
    }),
  };
}

function meshNames(fleet: FleetConfig, name: string): MeshNames {
  const cluster = fleet.clusters[name];
  return {
    controlPlaneNamespace: cluster?.linkerd.namespace ?? fleet.linkerd.namespace,
    trustDomain: cluster?.trustDomain ?? fleet.trust.domain,
  };
}

function planExports(services: FleetConfig["services"]): ExportPlan[] {
  const exports = new Map<string, ExportPlan>();
  for (const { name, namespace, mode, in: clusters } of services) {
    for (const cluster of clusters) {
      const key = exportKey({ cluster, namespace, name });
      const modes = orderModes([...(exports.get(key)?.modes ?? []), mode]);
      exports.set(key, { cluster, namespace, name, modes });
    }
  }
  return sorted([...exports.values()], exportKey);
}

/** Byte order, the same on every machine. */
function sorted<T>(items: T[], key: (item: T) => string): T[] {
  return items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** An optional property is absent when it has no value. */
function definedOnly<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
