import { definedOnly } from "../config/collections";
import type { FleetConfig } from "../config/fleetConfig";
import { type GatewayPlan, gatewayPorts, type MeshNames, planGateway } from "../gateways/plan";
import { type InstallPlan, planInstall } from "../linkerd/charts";
import type { ObservabilityPlan } from "../observability/plan";
import { planRestart, type RestartPlan } from "../restart/plan";
import { type Excludes, fleetExcludes, type LinkPlan } from "../topology/plan";
import { type IssuerPlan, planIssuer } from "../trust/plan";
import type { ClusterConfig } from "./schema";

export interface ClusterPlan
  extends Pick<
    ClusterConfig,
    | "context"
    | "kubeconfig"
    | "apiServer"
    | "ca"
    | "tlsServerName"
    | "region"
    | "network"
    | "clusterDomain"
    | "state"
    | "createNamespaces"
    | "wave"
    | "namespaces"
    | "generations"
    | "podNetworks"
  > {
  readonly name: string;
  /** The stack that deploys it, where it is another one. */
  readonly stack?: string;
  readonly trustDomain: string;
  /** Metadata that federated services do not take over from a member in this cluster. */
  readonly excludes: Excludes;
  readonly controlPlaneNamespace: string;
  readonly install: InstallPlan;
  /** Kept as it is; absent where the active anchor signs one. */
  readonly issuer?: IssuerPlan;
  /** Takes over objects that exist; otherwise they are in the way. */
  readonly adopt: boolean;
  /** ServiceAccounts of the multicluster chart that it goes on making. */
  readonly chartAccesses: readonly string[];
  readonly gateway: GatewayPlan;
  /** Workloads that restart automatically when the anchors or the version change. */
  readonly restart: RestartPlan;
  /** One service-mirror controller for each outgoing link. */
  readonly controllers: readonly ControllerPlan[];
  /** Some federated service of it crosses to named clusters only: its label has a value of its own. */
  readonly ownMembers?: boolean;
  /** Absent where its Prometheus is not told of the fleet. */
  readonly observability?: ObservabilityPlan;
}

export interface ControllerPlan {
  readonly target: string;
  /** Probes the target's gateway, at this port of the probe Service; `undefined` without a gateway. */
  readonly probePort: number | undefined;
  /** Mirrors the target's headless services pod by pod. */
  readonly headless: boolean;
}

export function planCluster(
  name: string,
  cluster: ClusterConfig,
  fleet: FleetConfig,
  outgoing: readonly LinkPlan[],
  incoming: readonly LinkPlan[],
  headless: ReadonlySet<string>,
): ClusterPlan {
  const { context, kubeconfig, apiServer, ca, tlsServerName, region, network, clusterDomain } = cluster;
  const { podNetworks } = cluster;
  const own = meshNames(fleet, name);
  const install = planInstall(fleet.linkerd, cluster.linkerd, cluster.adopt);
  const throughGateway = incoming.filter(({ modes }) => modes.includes("gateway"));
  return {
    name,
    ...definedOnly({ context, kubeconfig, ca, tlsServerName, region, network, podNetworks }),
    apiServer,
    clusterDomain,
    state: cluster.state,
    createNamespaces: cluster.createNamespaces,
    wave: cluster.wave,
    namespaces: cluster.namespaces,
    generations: cluster.generations,
    ...own,
    excludes: fleetExcludes(fleet.topology),
    install,
    ...planIssuer(cluster.issuer, fleet.trust.anchors),
    adopt: cluster.adopt !== false,
    chartAccesses: cluster.chartAccesses ?? [],
    gateway: planGateway(
      cluster.gateway,
      own,
      throughGateway.map(({ source }) => meshNames(fleet, source)),
      crossing(name, clusterDomain, fleet),
    ),
    restart: planRestart(name, fleet, install.controlPlane),
    controllers: outgoing.map(({ target, modes }) => {
      const gateway = modes.includes("gateway") ? fleet.clusters[target]?.gateway : undefined;
      return {
        target,
        probePort: gateway && gatewayPorts(gateway)?.probePort,
        // Only where there are any: with it a service mirror leaves out headless services of other modes.
        headless: modes.includes("gateway") && headless.has(target),
      };
    }),
  };
}

/**
 * DNS names of the Services that cross through its gateway, also while it is evacuated: the way back changes no pod.
 */
function crossing(cluster: string, clusterDomain: string, { services }: FleetConfig): string[] {
  const names = services
    .filter(({ mode, in: clusters }) => mode === "gateway" && clusters.includes(cluster))
    .map(({ namespace, name }) => `${name}.${namespace}.svc.${clusterDomain}.`);
  return [...new Set(names)].sort();
}

function meshNames(fleet: FleetConfig, name: string): MeshNames {
  const cluster = fleet.clusters[name];
  return {
    controlPlaneNamespace: cluster?.linkerd.namespace ?? fleet.linkerd.namespace,
    trustDomain: cluster?.trustDomain ?? fleet.trust.domain,
  };
}
