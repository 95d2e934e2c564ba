import type { ServiceName } from "../config/names";
import type { Plan } from "../plan";
import { type Around, directCallers, gatewayCallers, placeIn, type Someone } from "./callers";
import type { Authorization } from "./clients";
import type { Cluster } from "./cluster";
import { type DeclaredPort, declaredAccess, isDeclared } from "./declared";
import type { Request, Verdict } from "./inbound";
import { containersOf, isTcp, portsNamed } from "./ports";
import { proxyOf } from "./proxy";
import {
  forwards,
  gatewaysOf,
  INBOUND_PORT,
  mostClosed,
  mostOpen,
  podsOf,
  reach,
  reachThroughGateway,
} from "./reach";
import { requestsOf } from "./requests";
import { type PortPolicy, portPolicy } from "./servers";
import type { Pod, Service } from "./shapes";

/** One port, with all callers and requests of interest. */
export interface ExaminedPort {
  readonly port: ComparedPort;
  readonly cases: readonly Case[];
}

/** Every port of the exported services of the clusters that were read, and of Services that a gateway forwards to. */
export function examineAccess(plan: Plan, clusters: ReadonlyMap<string, Cluster>): ExaminedPort[] {
  const declared = Map.groupBy(declaredAccess(plan), ({ cluster }) => cluster);
  const known = [...plan.clusters, ...plan.neighbours];
  const trustDomains = [...new Set(known.map(({ trustDomain }) => trustDomain))].sort();
  const places = known.map((cluster) => ({ cluster, place: placeIn(cluster, clusters) }));
  return plan.clusters.flatMap((planned) => {
    const { name, network, gateway } = planned;
    const cluster = clusters.get(name);
    if (!cluster) return [];
    const own = declared.get(name) ?? [];
    const neighbours = places
      .filter(
        ({ cluster: other }) => other.name !== name && network !== undefined && other.network === network,
      )
      .map(({ place }) => place);
    const around = { own: placeIn(planned, clusters), neighbours, trustDomains };
    // A gateway that is open to everything has nothing that it should not reach.
    const isLimited = !gateway.enabled || gateway.forwardsTo !== "any";
    return [
      ...examineExported(cluster, around, own),
      ...(isLimited ? examineOthers(cluster, around, own) : []),
    ];
  });
}

/** The exported services, at the ports that grants are about and at all others. */
function examineExported(
  cluster: Cluster,
  around: Around,
  declared: readonly DeclaredPort[],
): ExaminedPort[] {
  const services = Map.groupBy(declared, ({ namespace, name }) => `${namespace}/${name}`);
  return [...services.values()].flatMap((ports) => {
    const [first] = ports;
    const service = first && serviceOf(cluster, first);
    // That it is not there, or has no pods, others say.
    if (!first || !service) return [];
    const pods = podsOf(cluster, service);
    const covered = new Set(pods.flatMap((pod) => ports.flatMap(({ port }) => portsNamed(pod, port))));
    const rest = [...otherPorts(service, pods)].filter(([port]) => !covered.has(port));
    return [
      ...ports.map((port) => examinePort(cluster, around, service, pods, port)),
      ...rest.map(([port, those]) => examinePort(cluster, around, service, those, undeclared(first, port))),
    ];
  });
}

/** Services that are not exported: callers of other clusters reach them through a gateway alone, if it forwards to them. */
function examineOthers(cluster: Cluster, around: Around, declared: readonly DeclaredPort[]): ExaminedPort[] {
  const gateways = gatewaysOf(cluster);
  const exported = new Set(declared.map(({ namespace, name }) => `${namespace}/${name}`));
  return cluster.services
    .filter((service) => !exported.has(`${service.metadata.namespace}/${service.metadata.name}`))
    .filter((service) => gateways.some((gateway) => forwards(cluster, gateway, service)))
    .flatMap((service) => {
      const pods = podsOf(cluster, service);
      return servicePorts(service, pods).map((port) =>
        examinePort(cluster, around, service, pods, {
          ...undeclared({ ...service.metadata, cluster: cluster.name }, port),
          gatewayOnly: true,
        }),
      );
    });
}

export function serviceOf(cluster: Cluster, { namespace, name }: ServiceName): Service | undefined {
  return cluster.in(namespace).services.find(({ metadata }) => metadata.name === name);
}

/** Ports at which pods listen, as far as the Service and the pods themselves say, with the pods that do. */
function otherPorts(service: Service, pods: readonly Pod[]): Map<number, Pod[]> {
  const ports = pods.flatMap((pod) => {
    const proxy = proxyOf(pod);
    const own = containersOf(pod)
      .filter((container) => container !== proxy)
      .flatMap(({ ports }) => ports.filter(isTcp).map(({ containerPort }) => containerPort));
    return [...new Set([...servicePorts(service, [pod]), ...own])].map((port) => ({ port, pod }));
  });
  const sorted = ports.sort((one, other) => one.port - other.port);
  const byPort = Map.groupBy(sorted, ({ port }) => port);
  return new Map([...byPort].map(([port, of]) => [port, of.map(({ pod }) => pod)]));
}

export interface ComparedPort extends DeclaredPort {
  /** No grant is about it: nobody of other clusters may call it. Its cluster's own are nobody's business. */
  readonly undeclared?: true;
  /** Its pods are reached directly by everybody, as pods of a cluster are: only the gateway is asked about. */
  readonly gatewayOnly?: true;
}

function undeclared(of: ServiceName & { readonly cluster: string }, port: number): ComparedPort {
  const { cluster, namespace, name } = of;
  const nobody = { callers: [], routes: [], probes: [] };
  return { cluster, namespace, name, port, protocol: "unknown", ...nobody, undeclared: true };
}

/** Ports of its pods to which a Service sends what comes to its own. */
function servicePorts({ spec }: Service, pods: readonly Pod[]): number[] {
  const ports = pods.flatMap((pod) =>
    spec.ports.filter(isTcp).flatMap(({ port, targetPort }) => portsNamed(pod, targetPort ?? port)),
  );
  return [...new Set(ports)];
}

export interface Case {
  readonly caller: Someone;
  readonly request: Request;
  readonly declared: boolean;
  /** The worst verdict for a declared caller, the best for any other. */
  readonly verdict: Verdict;
}

function examinePort(
  cluster: Cluster,
  around: Around,
  service: Service,
  pods: readonly Pod[],
  port: ComparedPort,
): ExaminedPort {
  const policies = policiesOf(cluster, pods, port.port);
  const requests = requestsOf(port, policies);
  const atGateways = gatewaysOf(cluster).map(({ pod }) => portPolicy(cluster, pod, INBOUND_PORT));
  const direct = port.gatewayOnly
    ? []
    : directCallers(port, cluster, around, allOf(policies)).filter(
        ({ isLocal }) => !isLocal || !port.undeclared,
      );
  const callers = [...direct, ...gatewayCallers(port, cluster, allOf(atGateways), around.trustDomains)];
  const cases = callers.flatMap((caller) =>
    requests.flatMap((request): Case[] => {
      const found = caller.throughGateway
        ? reachThroughGateway(cluster, service, port.port, caller, request)
        : reach(cluster, pods, port.port, caller, request);
      if (found.pods.length === 0) return [];
      const declared = isDeclared(port, caller, request);
      return [{ caller, request, declared, verdict: declared ? mostClosed(found) : mostOpen(found) }];
    }),
  );
  return { port, cases };
}

function allOf(policies: readonly PortPolicy[]): Authorization[] {
  return policies.flatMap(({ authorizations, routes }) => [
    ...authorizations,
    ...routes.flatMap((route) => route.authorizations),
  ]);
}

function policiesOf(cluster: Cluster, pods: readonly Pod[], port: number | string): PortPolicy[] {
  return pods.flatMap((pod) => portsNamed(pod, port).map((number) => portPolicy(cluster, pod, number)));
}
