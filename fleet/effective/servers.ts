import { DEFAULT_POLICY } from "../config/names";
import { defaultAuthorizations, isDefaultPolicy, nameOf, serverAuthorizations } from "./authorizations";
import type { Authorization } from "./clients";
import type { Cluster } from "./cluster";
import { among, portsNamed, portsOf, probePaths } from "./ports";
import { defaultHttpRoutes, grpcRoutes, httpRoutes, inBytes, type Route, unreadableRoute } from "./routes";
import { selects } from "./selectors";
import type { Pod, Server } from "./shapes";

/** The policy that one pod's proxy gets for one of its ports (linkerd2 `policy-controller/core/src/inbound.rs`). */
export interface PortPolicy {
  /** For people: `Server shop/web`, or the default policy. */
  readonly name: string;
  readonly protocol: string;
  readonly authorizations: readonly Authorization[];
  readonly routes: readonly Route[];
  /** Servers for the same port that count for nothing, because an older one is there. */
  readonly shadowed: readonly Server[];
  /** Absent where no Server covers the port. */
  readonly server?: Server;
  /** Its proxy cannot read it, because of this object, and lets in nobody. */
  readonly unreadable?: string;
}

/** Linkerd takes a Server with another word for none (linkerd2 `policy-controller/k8s/api/src/policy/server.rs`). */
const PROTOCOLS: readonly unknown[] = [
  "unknown",
  "HTTP/1",
  "HTTP/2",
  "gRPC",
  "opaque",
  "TLS",
  undefined,
  null,
];

const known = new WeakMap<Cluster, WeakMap<Pod, Map<number, PortPolicy>>>();

/** Found once for each port: it is asked about for each caller and request. */
export function portPolicy(cluster: Cluster, pod: Pod, port: number): PortPolicy {
  const pods = known.get(cluster) ?? new WeakMap<Pod, Map<number, PortPolicy>>();
  known.set(cluster, pods);
  const ports = pods.get(pod) ?? new Map<number, PortPolicy>();
  pods.set(pod, ports);
  const policy = ports.get(port) ?? findPolicy(cluster, pod, port);
  ports.set(port, policy);
  return policy;
}

/**
 * The oldest Server that selects the pod and the port counts, then the first by name, and no other (linkerd2
 * `inbound/index.rs`, `Pod::reindex_servers`). Times are of whole seconds.
 */
function findPolicy(cluster: Cluster, pod: Pod, port: number): PortPolicy {
  const [server, ...shadowed] = cluster
    .in(pod.metadata.namespace)
    .servers.filter(
      ({ spec }) =>
        spec.podSelector != null &&
        PROTOCOLS.includes(spec.proxyProtocol) &&
        selects(spec.podSelector, pod.metadata.labels) &&
        portsNamed(pod, spec.port).includes(port),
    )
    .sort((one, other) => inBytes(ageOf(one), ageOf(other)));
  const probes = probePaths(pod, port);
  if (!server) return defaultPolicy(cluster, pod, port, probes);
  const protocol = server.spec.proxyProtocol ?? "unknown";
  const unreadable = protocol === "gRPC" ? unreadableRoute(cluster, server) : undefined;
  return {
    name: `Server ${nameOf(server.metadata)}`,
    protocol,
    authorizations: serverAuthorizations(cluster, server),
    routes: protocol === "gRPC" ? grpcRoutes(cluster, server) : httpRoutes(cluster, server, probes),
    shadowed,
    server,
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

function ageOf({ metadata }: Server): readonly string[] {
  return [metadata.creationTimestamp ?? "", metadata.name];
}

/**
 * linkerd2 `inbound/index.rs`, `default_inbound_server`; a namespace's annotations are written into its pods as they
 * are injected.
 */
function defaultPolicy(cluster: Cluster, pod: Pod, port: number, probes: readonly string[]): PortPolicy {
  const { annotations } = pod.metadata;
  const own = annotations[DEFAULT_POLICY];
  const policy = isDefaultPolicy(own) ? own : cluster.mesh.defaultInboundPolicy;
  const listed = (key: string) => among(portsOf(annotations[`config.linkerd.io/${key}`]), port);
  const name = `the default policy ${policy}`;
  return {
    name,
    protocol: listed("opaque-ports") ? "opaque" : "unknown",
    authorizations: defaultAuthorizations(
      cluster,
      policy,
      name,
      listed("proxy-require-identity-inbound-ports"),
    ),
    routes: defaultHttpRoutes(cluster, probes),
    shadowed: [],
  };
}
