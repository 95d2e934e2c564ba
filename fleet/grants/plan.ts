import type { FleetConfig } from "../config/fleetConfig";
import { exportKey, identityName } from "../config/names";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import { gatewayIdentity } from "../gateways/plan";
import { mergeValues, networksOf } from "../linkerd/charts";
import type { LinkPlan } from "../topology/plan";
import { matchWords, type RouteGrant, takesRoutes } from "./routes";
import type { ContainerPort, GrantConfig } from "./schema";

/** The callers of one exported service in one cluster. Nobody else may call it. */
export interface GrantPlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Labels of its pods; the Service's own selector where absent. */
  readonly pods?: Readonly<Record<string, string>>;
  readonly protocol: ServiceConfig["protocol"];
  readonly ports: readonly PortGrant[];
  /** Paths of its pods' probes, which need a route of their own where others have one. */
  readonly probes?: readonly string[];
  /** Callers of the cluster itself; absent where there are none. */
  readonly local?: LocalGrant;
  readonly localChange: LocalChange;
  /** Nobody is refused: a call that no grant covers is let in, logged and counted. */
  readonly enforce?: "audit";
}

/** The effect of a grant on callers of the cluster itself, compared with the cluster's default policy. */
export type LocalChange = "kept" | "narrowed" | "closed" | "opened";

export interface PortGrant {
  readonly port: ContainerPort;
  /** Mesh identities of callers from other clusters, sorted; `*` for every meshed one. */
  readonly callers: readonly string[];
  /** Who may send some requests only; absent where nobody is limited to any. */
  readonly routes?: readonly RouteGrant[];
}

export interface LocalGrant {
  readonly networks: readonly string[];
  /** Their mesh identities; without them, callers need none. */
  readonly identities?: readonly string[];
}

/** `clusterNetworks` of the chart linkerd-control-plane. */
export const PRIVATE_NETWORKS = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fd00::/8",
];

/**
 * Whether each grant is asked before an audit. A proxy takes the first authorization that fits, those of the route
 * before those of the Server (linkerd2-proxy `proxy/server-policy/src/authz.rs`, `mk_authorizations`). Those of a
 * Server come from a hash map, in any order (linkerd2 `policy-controller/grpc/src/inbound.rs`, `to_server`): without
 * a route, a call that a grant covers would often be counted as one that no grant covers.
 */
export function countsExactly({
  enforce,
  protocol,
}: {
  readonly enforce?: ServiceConfig["enforce"];
  readonly protocol: ServiceConfig["protocol"];
}): boolean {
  return enforce === "audit" && takesRoutes(protocol);
}

/** One for each exported service of each cluster. All entries of one Service say the same, except who may call. */
export function planGrants(config: FleetConfig, links: readonly LinkPlan[]): GrantPlan[] {
  const grants = new Map<string, GrantPlan>();
  for (const service of config.services) {
    for (const cluster of service.in) {
      const key = exportKey({ ...service, cluster });
      const own = planGrant(config, links, service, cluster);
      grants.set(key, merged(grants.get(key), own));
    }
  }
  return [...grants.values()];
}

function planGrant(
  config: FleetConfig,
  links: readonly LinkPlan[],
  service: ServiceConfig,
  cluster: string,
): GrantPlan {
  const { namespace, name, pods, protocol, probes, enforce } = service;
  return {
    cluster,
    namespace,
    name,
    ...(pods === undefined ? {} : { pods }),
    protocol,
    ports: service.ports.map((port) => planPort(config, links, service, cluster, port)),
    ...(probes === undefined ? {} : { probes }),
    ...planLocal(config, service, cluster),
    ...(enforce === "audit" ? { enforce } : {}),
  };
}

function merged(earlier: GrantPlan | undefined, grant: GrantPlan): GrantPlan {
  if (!earlier) return grant;
  const before = (port: ContainerPort) => earlier.ports.find((other) => other.port === port);
  return {
    ...grant,
    ports: grant.ports.map(({ port, callers, routes = [] }) => ({
      port,
      callers: unique([...(before(port)?.callers ?? []), ...callers]),
      ...byMatch([...(before(port)?.routes ?? []), ...routes]),
    })),
  };
}

function planPort(
  config: FleetConfig,
  links: readonly LinkPlan[],
  service: ServiceConfig,
  cluster: string,
  port: ContainerPort,
): PortGrant {
  if (service.allowAnyMeshed) return { port, callers: ["*"] };
  const linked = links
    .filter(({ target, modes }) => target === cluster && modes.includes(service.mode))
    .filter(({ source }) => isNamed(service.to, source))
    .map(({ source }) => trustDomainOf(config, source));
  const grants = service.allow
    .filter(({ ports }) => ports === undefined || ports.includes(port))
    .map(({ routes, ...grant }) => ({ routes, callers: identitiesOf(config, grant, linked) }));
  const whole = grants.flatMap(({ routes, callers }) => (routes ? [] : callers));
  return {
    port,
    callers: unique([...whole, ...(service.allowGateway ? gatewayOf(config, cluster) : [])]),
    ...byMatch(grants.flatMap(({ routes = [], callers }) => routes.map((match) => ({ match, callers })))),
  };
}

/** One grant for each match, in the order of their words. */
function byMatch(grants: readonly RouteGrant[]): Pick<PortGrant, "routes"> {
  if (grants.length === 0) return {};
  const alike = [...Map.groupBy(grants, ({ match }) => matchWords(match))];
  const routes = alike
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) =>
      first
        ? [{ match: first.match, callers: unique([first, ...others].flatMap(({ callers }) => callers)) }]
        : [],
    );
  return { routes };
}

/** Linkerd knows callers by identity alone, and an identity holds the trust domain of the caller's own cluster. */
function identitiesOf(
  config: FleetConfig,
  grant: Omit<GrantConfig, "routes">,
  linked: readonly string[],
): string[] {
  const { identity, cluster, trustDomain } = grant;
  if (identity !== undefined) return [identity];
  if (trustDomain !== undefined) return [callerIdentity(config, grant, trustDomain)];
  if (cluster !== undefined) return [callerIdentity(config, grant, trustDomainOf(config, cluster))];
  return linked.map((domain) => callerIdentity(config, grant, domain));
}

function callerIdentity(
  config: FleetConfig,
  { serviceAccount = "*", namespace = "" }: Pick<GrantConfig, "serviceAccount" | "namespace">,
  trustDomain: string,
): string {
  return identityName(serviceAccount, namespace, config.linkerd.namespace, trustDomain);
}

function gatewayOf(config: FleetConfig, name: string): string[] {
  const cluster = config.clusters[name];
  const own = { controlPlaneNamespace: config.linkerd.namespace, trustDomain: trustDomainOf(config, name) };
  return cluster ? [gatewayIdentity(cluster.gateway, own)] : [];
}

function planLocal(
  config: FleetConfig,
  service: ServiceConfig,
  name: string,
): Pick<GrantPlan, "local" | "localChange"> {
  const cluster = config.clusters[name];
  const had = givenBy(
    cluster?.namespaces[service.namespace]?.defaultInboundPolicy ??
      cluster?.linkerd.defaultInboundPolicy ??
      config.linkerd.defaultInboundPolicy,
  );
  const gets = service.local === "keep" ? had : service.local;
  const localChange = changeOf(had, gets);
  if (gets === "none") return { localChange };
  const networks = cluster?.podNetworks ?? clusterNetworks(config, name) ?? PRIVATE_NETWORKS;
  if (gets === "anybody") return { local: { networks }, localChange };
  const trustDomain = trustDomainOf(config, name);
  const identities =
    gets === "meshed"
      ? [`*.identity.${config.linkerd.namespace}.${trustDomain}`]
      : unique(gets.map((who) => callerIdentity(config, who, trustDomain)));
  // Identities alone would name pods of other clusters that share the trust domain: they hold from own networks only.
  return { local: { networks, identities }, localChange };
}

/** What the chart is told of the cluster's networks: nodes with public addresses are among them. */
function clusterNetworks({ linkerd, clusters }: FleetConfig, name: string): string[] | undefined {
  const values = mergeValues(
    linkerd.charts.controlPlane?.values ?? {},
    clusters[name]?.linkerd.charts?.controlPlane?.values ?? {},
  );
  return networksOf(values);
}

type DefaultCallers = "anybody" | "meshed" | "none";

/** The local callers that the default policy let in before the Server replaced it. */
function givenBy(policy: FleetConfig["linkerd"]["defaultInboundPolicy"]): DefaultCallers {
  if (policy === "deny") return "none";
  return policy === "all-authenticated" || policy === "cluster-authenticated" ? "meshed" : "anybody";
}

function changeOf(had: DefaultCallers, gets: DefaultCallers | readonly object[]): LocalChange {
  if (gets === had) return "kept";
  if (gets === "none") return "closed";
  return had === "none" ? "opened" : "narrowed";
}

function trustDomainOf(config: FleetConfig, cluster: string): string {
  return config.clusters[cluster]?.trustDomain ?? config.trust.domain;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}
