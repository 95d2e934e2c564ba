import type { ServiceName } from "../config/names";
import type { Plan } from "../plan";
import { type Around, directCallers, gatewayCallers, placeIn, type Someone } from "./callers";
import type { Authorization } from "./clients";
import type { Cluster } from "./cluster";
import { type DeclaredPort, declaredAccess, isDeclared } from "./declared";
import type { Request, Verdict } from "./inbound";
import { portsNamed } from "./ports";
import { ownPorts } from "./proxy";
import {
  forwards,
  gatewaysOf,
  INBOUND_PORT,
  mostClosed,
  mostOpen,
  podsOf,
  reach,
  reachThroughGateway,
  serviceOf,
  servicePorts,
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
  const exported = [...services.values()].flatMap((ports) => {
    const [first] = ports;
    const service = first && serviceOf(cluster, first);
    // That it is not there, or has no pods, others say.
    return first && service ? [{ first, ports, service, pods: podsOf(cluster, service) }] : [];
  });
  return exported.flatMap(({ first, ports, service, pods }) => {
    const rest = otherPorts(service, pods, (pod) => ports.flatMap(({ port }) => portsNamed(pod, port)));
    return [
      ...ports.map((port) => examinePort(cluster, around, service, pods, port)),
      ...rest.flatMap(({ port, pods: those }) => {
        // Whom another service of these pods lets in directly, its own declaration says.
        const isOthers = (pod: Pod) =>
          exported.some(
            (other) =>
              other.first !== first &&
              other.pods.includes(pod) &&
              other.ports.some((one) => portsNamed(pod, one.port).includes(port)),
          );
        const nobodys = undeclared(first, port);
        const examined = (some: readonly Pod[], as: ComparedPort) =>
          some.length === 0 ? [] : [examinePort(cluster, around, service, some, as)];
        return [
          ...examined(
            those.filter((pod) => !isOthers(pod)),
            nobodys,
          ),
          ...examined(those.filter(isOthers), { ...nobodys, gatewayOnly: true }),
        ];
      }),
    ];
  });
}

/**
 * Services that are not exported: callers of other clusters reach them through a gateway alone, if it forwards to
 * them.
 */
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

/**
 * Ports at which pods listen, as far as the Service and the pods themselves say, with the pods that do. A name may
 * stand for other ports in other pods: what is `known` is known pod by pod.
 */
function otherPorts(
  service: Service,
  pods: readonly Pod[],
  known: (pod: Pod) => readonly number[],
): { readonly port: number; readonly pods: readonly Pod[] }[] {
  const ports = pods.flatMap((pod) => {
    const own = known(pod);
    const all = [...new Set([...servicePorts(service, [pod]), ...ownPorts(pod)])];
    return all.filter((port) => !own.includes(port)).map((port) => ({ port, pod }));
  });
  const sorted = ports.sort((one, other) => one.port - other.port);
  const byPort = Map.groupBy(sorted, ({ port }) => port);
  return [...byPort].map(([port, of]) => ({ port, pods: of.map(({ pod }) => pod) }));
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
  const atGateways = gatewaysOf(cluster).map(({ pod }) => portPolicy(cluster, pod, INBOUND_PORT));
  const requests = requestsOf(port, policies, atGateways);
  const direct = port.gatewayOnly
    ? []
    : directCallers(port, cluster, around, allOf(policies)).filter(
        ({ isLocal }) => !isLocal || !port.undeclared,
      );
  // A port of its pods that the Service does not lead to is none that crosses.
  const listening = pods.filter((pod) => portsNamed(pod, port.port).length > 0);
  const crosses =
    listening.length === 0 ||
    listening.some((pod) => {
      const led = servicePorts(service, [pod]);
      return portsNamed(pod, port.port).some((number) => led.includes(number));
    });
  const through = crosses ? gatewayCallers(port, cluster, allOf(atGateways), around.trustDomains) : [];
  const callers = [...direct, ...through];
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
