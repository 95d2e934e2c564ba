import { GRANT_PREFIX, type ServiceName } from "../config/names";
import type { Plan } from "../plan";
import { callersOf, type Someone } from "./callers";
import type { Cluster } from "./cluster";
import { type DeclaredPort, declaredAccess, isDeclared } from "./declared";
import type { Request, Verdict } from "./inbound";
import { containersOf, isTcp, portsNamed } from "./ports";
import { proxyOf } from "./proxy";
import { mostClosed, mostOpen, podsOf, type Reach, reach, reachThroughGateway } from "./reach";
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

/** All differences of the clusters that were read, those of one cause in one. */
export function compareAccess(plan: Plan, clusters: ReadonlyMap<string, Cluster>): Difference[] {
  const declared = Map.groupBy(declaredAccess(plan), ({ cluster }) => cluster);
  return [...clusters.values()].flatMap((cluster) =>
    compareCluster(cluster, clusters, declared.get(cluster.name) ?? []),
  );
}

function compareCluster(
  cluster: Cluster,
  clusters: ReadonlyMap<string, Cluster>,
  declared: readonly DeclaredPort[],
): Difference[] {
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
      ...ports.flatMap((port) => comparePort(cluster, clusters, service, pods, port)),
      ...rest.flatMap((port) => comparePort(cluster, clusters, service, pods, undeclared(first, port))),
    ];
  });
}

export function serviceOf(cluster: Cluster, { namespace, name }: ServiceName): Service | undefined {
  return cluster.in(namespace).services.find(({ metadata }) => metadata.name === name);
}

/** Ports at which its pods listen, as far as the Service and the pods themselves say. */
function otherPorts({ spec }: Service, pods: readonly Pod[]): number[] {
  const ports = pods.flatMap((pod) => {
    const proxy = proxyOf(pod);
    return [
      ...spec.ports.filter(isTcp).flatMap(({ port, targetPort }) => portsNamed(pod, targetPort ?? port)),
      ...containersOf(pod)
        .filter((container) => container !== proxy)
        .flatMap(({ ports }) => ports.filter(isTcp).map(({ containerPort }) => containerPort)),
    ];
  });
  return [...new Set(ports)].sort((one, other) => one - other);
}

/** A port that no grant is about: nobody of other clusters may call it. Its cluster's own are nobody's business. */
function undeclared(
  { cluster, namespace, name }: DeclaredPort,
  port: number,
): DeclaredPort & { undeclared: true } {
  return {
    cluster,
    namespace,
    name,
    port,
    protocol: "unknown",
    callers: [],
    routes: [],
    probes: [],
    undeclared: true,
  };
}

interface Case {
  readonly kind: Difference["kind"];
  readonly caller: Someone;
  readonly request: Request;
  readonly verdict: Verdict;
}

function comparePort(
  cluster: Cluster,
  clusters: ReadonlyMap<string, Cluster>,
  service: Service,
  pods: readonly Pod[],
  port: DeclaredPort & { readonly undeclared?: true },
): Difference[] {
  const policies = policiesOf(cluster, pods, port.port);
  const authorizations = policies.flatMap((policy) => [
    ...policy.authorizations,
    ...policy.routes.flatMap((route) => route.authorizations),
  ]);
  const requests = requestsOf(port, policies);
  const cases = callersOf(port, cluster, clusters, authorizations)
    .filter(({ isLocal }) => !(isLocal && port.undeclared))
    .flatMap((caller) =>
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

function remedyOf(
  kind: Difference["kind"],
  { by }: Verdict,
  port: DeclaredPort & { undeclared?: true },
): string {
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
