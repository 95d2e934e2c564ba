import { GRANT_PREFIX, type ServiceName } from "../config/names";
import type { Plan } from "../plan";
import { directCallers, gatewayCallers, type Place, placeOf, type Someone } from "./callers";
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
  type Reach,
  reach,
  reachThroughGateway,
} from "./reach";
import { requestsOf, requestWords } from "./requests";
import { PROBE } from "./routes";
import { type PortPolicy, portPolicy } from "./servers";
import type { Pod, Service } from "./shapes";

/** What a cluster really lets through, where it is not what the stack file declares. */
export interface Difference extends ServiceName {
  /** `open`: reachable though undeclared. `closed`: declared though unreachable. `unknown`: it cannot be told. */
  readonly kind: "open" | "closed" | "unknown";
  readonly cluster: string;
  readonly port: number | string;
  /** One for each kind of caller, for people. */
  readonly callers: readonly string[];
  /** One for each kind of request, for people. */
  readonly requests: readonly string[];
  readonly why: string;
  /** The objects that decide it. */
  readonly by: readonly string[];
  readonly remedy: string;
}

/** What a comparison looks at besides the cluster itself. */
interface Around {
  /** Clusters whose pods reach its pods. */
  readonly neighbours: readonly Place[];
  /** Of all clusters. */
  readonly trustDomains: readonly string[];
}

/** All differences of the clusters that were read, those of one cause in one. */
export function compareAccess(plan: Plan, clusters: ReadonlyMap<string, Cluster>): Difference[] {
  const declared = Map.groupBy(declaredAccess(plan), ({ cluster }) => cluster);
  const known = [...plan.clusters, ...plan.neighbours];
  const trustDomains = [...new Set(known.map(({ trustDomain }) => trustDomain))].sort();
  const places = new Map([...clusters].map(([name, cluster]) => [name, placeOf(cluster)]));
  return plan.clusters.flatMap(({ name, network, gateway }) => {
    const cluster = clusters.get(name);
    if (!cluster) return [];
    const own = declared.get(name) ?? [];
    const neighbours = known
      .filter((other) => other.name !== name && network !== undefined && other.network === network)
      .map((other) => places.get(other.name) ?? { cluster: other.name });
    const around = { neighbours, trustDomains };
    // Of a gateway that is open to everything nobody can say what it should not reach.
    const isLimited = !gateway.enabled || gateway.forwardsTo !== "any";
    return [
      ...compareExported(cluster, around, own),
      ...(isLimited ? compareOthers(cluster, around, own) : []),
    ];
  });
}

/** The exported services, at the ports that grants are about and at all others. */
function compareExported(cluster: Cluster, around: Around, declared: readonly DeclaredPort[]): Difference[] {
  const services = Map.groupBy(declared, ({ namespace, name }) => `${namespace}/${name}`);
  return [...services.values()].flatMap((ports) => {
    const [first] = ports;
    const service = first && serviceOf(cluster, first);
    // That it is not there, or has no pods, others say.
    if (!first || !service) return [];
    const pods = podsOf(cluster, service);
    const covered = new Set(pods.flatMap((pod) => ports.flatMap(({ port }) => portsNamed(pod, port))));
    const rest = otherPorts(service, pods).filter((port) => !covered.has(port));
    return [
      ...ports.flatMap((port) => comparePort(cluster, around, service, pods, port)),
      ...rest.flatMap((port) => comparePort(cluster, around, service, pods, undeclared(first, port))),
    ];
  });
}

/** Services that are not exported: callers of other clusters reach them through a gateway alone, if it forwards to them. */
function compareOthers(cluster: Cluster, around: Around, declared: readonly DeclaredPort[]): Difference[] {
  const gateways = gatewaysOf(cluster);
  const exported = new Set(declared.map(({ namespace, name }) => `${namespace}/${name}`));
  return cluster.services
    .filter((service) => !exported.has(`${service.metadata.namespace}/${service.metadata.name}`))
    .filter((service) => gateways.some((gateway) => forwards(cluster, gateway, service)))
    .flatMap((service) => {
      const pods = podsOf(cluster, service);
      return servicePorts(service, pods).flatMap((port) =>
        comparePort(cluster, around, service, pods, {
          ...undeclared({ ...service.metadata, cluster: cluster.name }, port),
          gatewayOnly: true,
        }),
      );
    });
}

export function serviceOf(cluster: Cluster, { namespace, name }: ServiceName): Service | undefined {
  return cluster.in(namespace).services.find(({ metadata }) => metadata.name === name);
}

/** Ports at which its pods listen, as far as the Service and the pods themselves say. */
function otherPorts(service: Service, pods: readonly Pod[]): number[] {
  const ports = pods.flatMap((pod) => {
    const proxy = proxyOf(pod);
    return [
      ...servicePorts(service, [pod]),
      ...containersOf(pod)
        .filter((container) => container !== proxy)
        .flatMap(({ ports }) => ports.filter(isTcp).map(({ containerPort }) => containerPort)),
    ];
  });
  return [...new Set(ports)].sort((one, other) => one - other);
}

interface ComparedPort extends DeclaredPort {
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

interface Case {
  readonly kind: Difference["kind"];
  readonly caller: Someone;
  readonly request: Request;
  readonly verdict: Verdict;
}

function comparePort(
  cluster: Cluster,
  around: Around,
  service: Service,
  pods: readonly Pod[],
  port: ComparedPort,
): Difference[] {
  const policies = policiesOf(cluster, pods, port.port);
  const requests = requestsOf(port, policies);
  const atGateways = gatewaysOf(cluster).map(({ pod }) => portPolicy(cluster, pod, INBOUND_PORT));
  const { neighbours, trustDomains } = around;
  const direct = port.gatewayOnly
    ? []
    : directCallers(port, cluster, neighbours, allOf(policies), trustDomains).filter(
        ({ isLocal }) => !isLocal || !port.undeclared,
      );
  const cases = [...direct, ...gatewayCallers(port, cluster, allOf(atGateways), trustDomains)].flatMap(
    (caller) =>
      requests.flatMap((request): Case[] => {
        const found = caller.throughGateway
          ? reachThroughGateway(cluster, service, port.port, caller, request)
          : reach(cluster, pods, port.port, caller, request);
        const kind = differs(found, isDeclared(port, caller, request));
        return kind ? [{ ...kind, caller, request }] : [];
      }),
  );
  const alike = Map.groupBy(cases, ({ kind, verdict }) => JSON.stringify([kind, verdict.why, verdict.by]));
  return [...alike.values()].flatMap((of) => {
    const [first] = of;
    if (!first) return [];
    const { kind, verdict } = first;
    const { namespace, name } = port;
    return [
      {
        ...{ kind, cluster: cluster.name, namespace, name, port: port.port },
        callers: unique(of.map(({ caller }) => caller.words)),
        requests: unique(of.map(({ request }) => requestWords(request))),
        why: verdict.why,
        by: verdict.by,
        remedy: remedyOf(kind, verdict, port),
      },
    ];
  });
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

/** Whoever is declared has to reach every pod, whoever is not may reach none. */
function differs(found: Reach, declared: boolean): Pick<Case, "kind" | "verdict"> | undefined {
  if (found.pods.length === 0) return undefined;
  const verdict = declared ? mostClosed(found) : mostOpen(found);
  if (verdict.outcome === (declared ? "allowed" : "denied")) return undefined;
  // Linkerd lets probes in by itself, from every address of the probe networks.
  if (verdict.by.includes(PROBE)) return undefined;
  if (verdict.outcome === "unknown") return { kind: "unknown", verdict };
  return { kind: declared ? "closed" : "open", verdict };
}

function remedyOf(kind: Difference["kind"], { by }: Verdict, port: ComparedPort): string {
  const foreign = by.filter(
    (object) => /^[A-Z]\w+ \S+\/\S+$/.test(object) && !object.includes(`/${GRANT_PREFIX}`),
  );
  const correct = foreign.length > 0 ? `correct or delete ${foreign.join(" and ")}` : undefined;
  if (port.undeclared) {
    return `name port ${port.port} in \`ports\` of ${port.namespace}/${port.name}: it is closed to whom no grant names`;
  }
  if (kind === "unknown")
    return `ask again with \`fleet access --from … --to …\`, which takes more of the request`;
  const declare =
    kind === "open"
      ? "declare it in `services` of the stack file"
      : "take it out of `services` of the stack file";
  return `${correct ?? "`pulumi up --refresh` puts back what this program made"}, or ${declare}`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
