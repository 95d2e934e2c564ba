import { identityName, type ServiceName } from "../config/names";
import { nameOf } from "./authorizations";
import type { Client } from "./clients";
import type { Cluster } from "./cluster";
import { decide, isAudited, type Request, type Verdict } from "./inbound";
import { isTcp, portsNamed } from "./ports";
import { endsIn, gatewaySuffixes, proxyOf } from "./proxy";
import { portPolicy } from "./servers";
import type { Pod, Service } from "./shapes";

/**
 * Where a proxy listens for connections that say where they want to go: the port of gateways, and of every sidecar.
 */
export const INBOUND_PORT = 4143;

/** The fate of a request, pod by pod: pods may differ in labels, annotations and age. */
export interface Reach {
  readonly pods: readonly { readonly pod: string; readonly verdict: Verdict }[];
}

/** The verdict for a caller that may choose among the pods: it is let in if one pod lets it in, best by no audit. */
export function mostOpen({ pods }: Reach): Verdict {
  const [first] = [...pods].sort((a, b) => openness(b.verdict) - openness(a.verdict));
  return first?.verdict ?? NOBODY;
}

/**
 * The verdict for a caller that cannot choose: it is let in only if all pods let it in, and worst by an audit alone.
 */
export function mostClosed({ pods }: Reach): Verdict {
  const [first] = [...pods].sort((a, b) => openness(a.verdict) - openness(b.verdict));
  return first?.verdict ?? NOBODY;
}

function openness(verdict: Verdict): number {
  if (verdict.outcome === "allowed") return isAudited(verdict) ? 2 : 3;
  return verdict.outcome === "unknown" ? 1 : 0;
}

const NOBODY: Verdict = { outcome: "unknown", why: "it has no pod", by: [] };

/** A request sent to the pods themselves, as callers of the cluster and of its network send it. */
export function reach(
  cluster: Cluster,
  pods: readonly Pod[],
  port: number | string,
  client: Client,
  request: Request,
): Reach {
  return {
    pods: pods.map((pod) => ({
      pod: nameOf(pod.metadata),
      verdict: worst(
        portsNamed(pod, port).map((number) => decide(cluster, pod, number, client, request)),
        `it has no port ${port}`,
      ),
    })),
  };
}

/** Ports of one name in several containers: whoever knows the pod chooses. */
function worst(verdicts: readonly Verdict[], none: string): Verdict {
  if (verdicts.length === 0) return { outcome: "denied", why: none, by: [] };
  return mostOpen({ pods: verdicts.map((verdict) => ({ pod: "", verdict })) });
}

export function serviceOf(cluster: Cluster, { namespace, name }: ServiceName): Service | undefined {
  return cluster.in(namespace).services.find(({ metadata }) => metadata.name === name);
}

/** The pods behind a Service. Without a selector, somebody else says which they are. */
export function podsOf(cluster: Cluster, { metadata, spec }: Service): Pod[] {
  const labels = Object.entries(spec.selector);
  if (labels.length === 0) return [];
  return cluster
    .in(metadata.namespace)
    .pods.filter(
      (pod) => isRunning(pod) && labels.every(([key, value]) => pod.metadata.labels[key] === value),
    );
}

/**
 * Ports of its pods to which a Service sends what comes to its own: of several with one name, the first (kubernetes
 * `pkg/api/v1/pod/util.go`, `FindPort`).
 */
export function servicePorts({ spec }: Service, pods: readonly Pod[]): number[] {
  const ports = pods.flatMap((pod) =>
    spec.ports
      .filter(isTcp)
      .flatMap(({ port, targetPort }) => portsNamed(pod, targetPort ?? port).slice(0, 1)),
  );
  return [...new Set(ports)];
}

export function isRunning({ status }: Pod): boolean {
  return status.phase !== "Succeeded" && status.phase !== "Failed";
}

export interface Gateway {
  readonly pod: Pod;
  readonly suffixes: readonly string[];
}

const known = new WeakMap<Cluster, readonly Gateway[]>();

/**
 * Every pod that passes requests on to other names; found once for each cluster, as each caller is asked about them.
 */
export function gatewaysOf(cluster: Cluster): readonly Gateway[] {
  const gateways = known.get(cluster) ?? findGateways(cluster);
  known.set(cluster, gateways);
  return gateways;
}

function findGateways(cluster: Cluster): Gateway[] {
  return cluster.pods
    .filter((pod) => isRunning(pod) && proxyOf(pod))
    .map((pod) => ({ pod, suffixes: gatewaySuffixes(cluster.mesh, pod) }))
    .filter(({ suffixes }) => suffixes.length > 0);
}

/**
 * A request sent to a cluster's gateway for a Service. `client` is the caller as the gateway sees it; the pods see
 * the gateway in its place. linkerd2-proxy `app/inbound/src/direct.rs`, `app/gateway/src`.
 */
export function reachThroughGateway(
  cluster: Cluster,
  service: Service,
  port: number | string,
  client: Client,
  request: Request,
): Reach {
  const gateways = gatewaysOf(cluster);
  if (gateways.length === 0) {
    return {
      pods: [{ pod: "", verdict: { outcome: "denied", why: `${cluster.name} has no gateway`, by: [] } }],
    };
  }
  const behind = podsOf(cluster, service).map((pod) => {
    const led = servicePorts(service, [pod]);
    return { pod, ports: portsNamed(pod, port).filter((number) => led.includes(number)) };
  });
  // A Service leads to those pods that have the port that it names.
  const leading = behind.filter(({ ports }) => ports.length > 0);
  const pods = gateways.flatMap((gateway) => {
    const verdict = passes(cluster, gateway, service, client, request);
    if (verdict.outcome === "denied") return [{ pod: nameOf(gateway.pod.metadata), verdict }];
    const { podIP } = gateway.pod.status;
    const as: Client = {
      identity: identityOf(cluster, gateway.pod),
      ...(podIP == null ? {} : { address: podIP }),
    };
    return (leading.length > 0 ? leading : behind).map(({ pod, ports }) => {
      const last = worst(
        ports.map((number) => decide(cluster, pod, number, as, request)),
        `the Service ${nameOf(service.metadata)} has no such port`,
      );
      const by = [...verdict.by, ...last.by];
      const outcome = last.outcome === "allowed" ? verdict.outcome : last.outcome;
      return { pod: nameOf(pod.metadata), verdict: { ...last, outcome, by } };
    });
  });
  return { pods };
}

/** Whether the gateway itself takes a request, and passes it on. */
function passes(
  cluster: Cluster,
  gateway: Gateway,
  service: Service,
  client: Client,
  request: Request,
): Verdict {
  const { pod } = gateway;
  const by = [`Pod ${nameOf(pod.metadata)}`];
  const denied = (why: string): Verdict => ({ outcome: "denied", why, by });
  if (client.identity === undefined) return denied("a gateway takes meshed callers only");
  if (!forwards(cluster, gateway, service)) return denied("the gateway does not forward to it");
  if (client.identity === identityOf(cluster, pod)) return denied("the gateway calls itself");
  const { protocol, name } = portPolicy(cluster, pod, INBOUND_PORT);
  // A caller's proxy says that it is HTTP, and a port without routes has none for it (linkerd2-proxy
  // `app/inbound/src/policy/http.rs`).
  if (request !== "stream" && (protocol === "opaque" || protocol === "TLS"))
    return { outcome: "denied", why: `the gateway's port is ${protocol}`, by: [...by, name] };
  const own = decide(cluster, pod, INBOUND_PORT, client, request);
  return { ...own, by: [...by, ...own.by] };
}

/** Whether a gateway forwards to this name; linkerd2-proxy `app/gateway/src/discover.rs`. */
export function forwards({ mesh }: Cluster, { suffixes }: Gateway, { metadata }: Service): boolean {
  const name = `${metadata.name}.${metadata.namespace}.svc.${mesh.clusterDomain}`;
  return suffixes.some((suffix) => endsIn(suffix, name));
}

/** Mesh identity of a pod's proxy. */
export function identityOf({ mesh }: Cluster, { metadata, spec }: Pod): string {
  return identityName(
    spec.serviceAccountName,
    metadata.namespace,
    mesh.controlPlaneNamespace,
    mesh.trustDomain,
  );
}
