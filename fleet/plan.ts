import { type AccessPlan, planAccesses } from "./access/plan";
import { type AdmissionPlan, planAdmissions } from "./admission/plan";
import type { ClusterConfig } from "./clusters/schema";
import type { Mode } from "./config/common";
import type { FleetConfig } from "./config/fleetConfig";
import { exportKey } from "./config/names";
import { type GatewayPlan, gatewayPorts, type MeshNames, planGateway } from "./gateways/plan";
import { type GrantPlan, planGrants } from "./grants/plan";
import { type InstallPlan, planInstall } from "./linkerd/charts";
import { type ObservabilityPlan, planObservability } from "./observability/plan";
import { isShared, otherStacks, type PendingLink, settleLinks, trustStack, WHOLE } from "./stacks/plan";
import { type Excludes, fleetExcludes, type LinkPlan, orderModes, planLinks } from "./topology/plan";
import { callAnnotations, planRoutes, type RoutePlan } from "./traffic/plan";
import { chainsTo, readCertificate } from "./trust/certificates";
import type { TrustConfig } from "./trust/schema";

/** Everything the components need, decided. Each list is in a stable order: that of the names. */
export interface Plan {
  readonly trust: TrustPlan;
  readonly clusters: readonly ClusterPlan[];
  readonly accesses: readonly AccessPlan[];
  /** Days after which a token is old; `undefined` is never. */
  readonly maxTokenAge: number | undefined;
  /** Those that this stack makes. */
  readonly links: readonly LinkPlan[];
  /** Whether the fleet has other stacks. */
  readonly shared: boolean;
  /** Those that wait for another stack. */
  readonly pending: readonly PendingLink[];
  /** Clusters of other stacks that the links lead to. */
  readonly neighbours: readonly ClusterPlan[];
  readonly exports: readonly ExportPlan[];
  /** What the clusters of all other stacks export. */
  readonly otherExports: readonly ExportPlan[];
  readonly grants: readonly GrantPlan[];
  readonly routes: readonly RoutePlan[];
  readonly admissions: readonly AdmissionPlan[];
}

export interface TrustPlan extends Pick<TrustConfig, "issuer" | "webhooks"> {
  /** The trust bundle, in the order of the stack file. */
  readonly anchors: TrustConfig["anchors"];
  /** Id of the anchor that signs the issuers. */
  readonly active: string;
  /** Where cert-manager signs them: its ClusterIssuer, in every cluster. */
  readonly clusterIssuer?: string;
  /** The stack that owns the anchors, where it is another one. */
  readonly from?: string;
}

export interface ClusterPlan
  extends Pick<
    ClusterConfig,
    | "context"
    | "kubeconfig"
    | "apiServer"
    | "ca"
    | "region"
    | "network"
    | "clusterDomain"
    | "state"
    | "createNamespaces"
    | "wave"
    | "namespaces"
    | "generations"
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
  /** What restarts by itself when the anchors change. */
  readonly restart: RestartPlan;
  /** One service-mirror controller for each outgoing link. */
  readonly controllers: readonly ControllerPlan[];
  /** Absent where its Prometheus is not told of the fleet. */
  readonly observability?: ObservabilityPlan;
}

export interface RestartPlan {
  /** Of the anchors and their states: another value than before restarts. */
  readonly mark: string;
  /** The pods of the multicluster extension. */
  readonly extension: boolean;
  readonly workloads: readonly { readonly namespace: string; readonly deployment: string }[];
}

export interface IssuerPlan extends NonNullable<ClusterConfig["issuer"]> {
  /** The anchor that signed it. */
  readonly anchor: { readonly id: string; readonly certificate: string };
}

export interface ControllerPlan {
  readonly target: string;
  /** Probes the target's gateway, at this port of the probe Service; `undefined` without a gateway. */
  readonly probePort: number | undefined;
  /** Mirrors the target's headless services pod by pod. */
  readonly headless: boolean;
}

/** A service that one cluster exports. */
export interface ExportPlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** In the order gateway, flat, federated. */
  readonly modes: readonly Mode[];
  /** Its cluster is evacuated: the Service carries no export label, so that no cluster sees it. */
  readonly evacuated: boolean;
  /** What it tells the proxies of its callers. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Decides everything about a valid fleet, or about one stack's part of it. Pure, and the same for any order of keys.
 */
export function planFleet(config: FleetConfig, around = WHOLE): Plan {
  const links = planLinks(config.topology, config.clusters);
  const others = otherStacks(config, around.self);
  const { ready, pending } = settleLinks(links, others, around);
  const isOwn = (cluster: string) => !others.has(cluster);
  const targets = new Set(ready.map(({ target }) => target));
  const outgoing = Map.groupBy(ready, ({ source }) => source);
  const incoming = Map.groupBy(links, ({ target }) => target);
  const exports = planExports(config);
  const headless = new Set(
    config.services.filter(({ headless, mode }) => headless && mode === "gateway").flatMap((one) => one.in),
  );
  const clusters = sorted(Object.entries(config.clusters), ([name]) => name)
    .filter(([name]) => isOwn(name) || targets.has(name))
    .map(([name, cluster]) => ({
      ...planCluster(name, cluster, config, outgoing.get(name) ?? [], incoming.get(name) ?? [], headless),
      ...definedOnly({ stack: others.get(name) }),
    }));
  return {
    trust: { ...planTrust(config.trust), ...definedOnly({ from: trustStack(config, around.self) }) },
    shared: isShared(config),
    neighbours: clusters.filter(({ name }) => !isOwn(name)),
    clusters: clusters
      .filter(({ name }) => isOwn(name))
      .map((cluster) => {
        const observability = planObservability(config, cluster, exports);
        return observability ? { ...cluster, observability } : cluster;
      }),
    accesses: planAccesses(
      config.access,
      links.filter(({ target }) => isOwn(target)),
      others,
      around,
    ),
    maxTokenAge: config.access.maxAge,
    links: ready,
    pending,
    exports: exports.filter(({ cluster }) => isOwn(cluster)),
    otherExports: exports.filter(({ cluster }) => !isOwn(cluster)),
    grants: sorted(planGrants(config, links), exportKey).filter(({ cluster }) => isOwn(cluster)),
    routes: sorted(planRoutes(config, links), (route) => `${exportKey(route)}/${route.port}`).filter(
      ({ cluster }) => isOwn(cluster),
    ),
    admissions: sorted(planAdmissions(config, links, exports), ({ cluster }) => cluster).filter(
      ({ cluster }) => isOwn(cluster),
    ),
  };
}

function planCluster(
  name: string,
  cluster: ClusterConfig,
  fleet: FleetConfig,
  outgoing: readonly LinkPlan[],
  incoming: readonly LinkPlan[],
  headless: ReadonlySet<string>,
): ClusterPlan {
  const { context, kubeconfig, apiServer, ca, region, network, clusterDomain } = cluster;
  const own = meshNames(fleet, name);
  const throughGateway = incoming.filter(({ modes }) => modes.includes("gateway"));
  return {
    name,
    ...definedOnly({ context, kubeconfig, ca, region, network }),
    apiServer,
    clusterDomain,
    state: cluster.state,
    createNamespaces: cluster.createNamespaces,
    wave: cluster.wave,
    namespaces: cluster.namespaces,
    generations: cluster.generations,
    ...own,
    excludes: fleetExcludes(fleet.topology),
    install: planInstall(fleet.linkerd, cluster.linkerd, cluster.adopt),
    ...planIssuer(cluster.issuer, fleet.trust.anchors),
    adopt: cluster.adopt !== false,
    chartAccesses: cluster.chartAccesses ?? [],
    gateway: planGateway(
      cluster.gateway,
      own,
      throughGateway.map(({ source }) => meshNames(fleet, source)),
    ),
    restart: planRestart(name, fleet.trust),
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

function planTrust({ anchors, provider, issuer, webhooks }: TrustConfig): TrustPlan {
  const active = anchors.find((anchor) => anchor.state === "active");
  return {
    anchors,
    active: active?.id ?? "",
    ...(provider === "cert-manager" && active?.clusterIssuer ? { clusterIssuer: active.clusterIssuer } : {}),
    issuer,
    webhooks,
  };
}

function planIssuer(
  issuer: ClusterConfig["issuer"],
  anchors: TrustConfig["anchors"],
): Pick<ClusterPlan, "issuer"> {
  const certificate = issuer && readCertificate(issuer.certificate);
  const signers = anchors.flatMap(({ id, certificate: pem }) => {
    const authority = pem === undefined ? undefined : readCertificate(pem);
    return pem && certificate && authority && chainsTo(certificate, authority)
      ? [{ id, certificate: pem }]
      : [];
  });
  const [anchor] = signers;
  return issuer && anchor ? { issuer: { ...issuer, anchor } } : {};
}

function planRestart(cluster: string, { anchors, restart }: TrustConfig): RestartPlan {
  return {
    mark: anchors.map(({ id, state }) => `${id}=${state}`).join(","),
    extension: restart.extension,
    workloads: restart.workloads
      .filter(({ in: clusters }) => clusters?.includes(cluster) ?? true)
      .map(({ namespace, deployment }) => ({ namespace, deployment })),
  };
}

function meshNames(fleet: FleetConfig, name: string): MeshNames {
  const cluster = fleet.clusters[name];
  return {
    controlPlaneNamespace: cluster?.linkerd.namespace ?? fleet.linkerd.namespace,
    trustDomain: cluster?.trustDomain ?? fleet.trust.domain,
  };
}

function planExports({ services, clusters }: FleetConfig): ExportPlan[] {
  const exports = new Map<string, ExportPlan>();
  for (const service of services) {
    const { name, namespace, mode } = service;
    const annotations = callAnnotations(service);
    for (const cluster of service.in) {
      const key = exportKey({ cluster, namespace, name });
      const modes = orderModes([...(exports.get(key)?.modes ?? []), mode]);
      const evacuated = clusters[cluster]?.evacuate ?? false;
      exports.set(key, { cluster, namespace, name, modes, evacuated, annotations });
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
