import type {
  AuthorizationPolicy,
  GrpcRoute,
  HttpRoute,
  MeshTlsAuthentication,
  NetworkAuthentication,
  Pod,
  Server,
  ServerAuthorization,
  Service,
} from "./shapes";

/** Everything in one cluster that decides who can reach what. */
export interface ClusterState {
  readonly name: string;
  readonly mesh: MeshSettings;
  readonly objects: ClusterObjects;
}

/**
 * The settings that its control plane was started with (linkerd2 `policy-controller/k8s/index/src/cluster_info.rs`).
 */
export interface MeshSettings {
  readonly controlPlaneNamespace: string;
  readonly trustDomain: string;
  readonly clusterDomain: string;
  /** Policy of ports that no Server covers, in pods without a policy of their own (`proxy.defaultInboundPolicy`). */
  readonly defaultInboundPolicy: string;
  /** Addresses that count as the cluster's own (`clusterNetworks`). */
  readonly clusterNetworks: readonly string[];
  /** Where HTTP probes may come from (`policyController.probeNetworks`). */
  readonly probeNetworks: readonly string[];
  /** Ports that pods keep from their proxies where they say nothing else (`proxyInit.ignoreInboundPorts`). */
  readonly skipInboundPorts: string;
}

export interface ClusterObjects {
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly servers: readonly Server[];
  /** `policy.linkerd.io`. */
  readonly policyHttpRoutes: readonly HttpRoute[];
  /** `gateway.networking.k8s.io`. */
  readonly gatewayHttpRoutes: readonly HttpRoute[];
  readonly grpcRoutes: readonly GrpcRoute[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
  readonly meshTlsAuthentications: readonly MeshTlsAuthentication[];
  readonly networkAuthentications: readonly NetworkAuthentication[];
  readonly serverAuthorizations: readonly ServerAuthorization[];
}

/** The objects of one namespace; everything that decides about a pod but its authentications stands in its own. */
export type NamespaceObjects = ClusterObjects;

const KINDS = [
  "pods",
  "services",
  "servers",
  "policyHttpRoutes",
  "gatewayHttpRoutes",
  "grpcRoutes",
  "authorizationPolicies",
  "meshTlsAuthentications",
  "networkAuthentications",
  "serverAuthorizations",
] as const satisfies readonly (keyof ClusterObjects)[];

export const NO_OBJECTS: ClusterObjects = {
  pods: [],
  services: [],
  servers: [],
  policyHttpRoutes: [],
  gatewayHttpRoutes: [],
  grpcRoutes: [],
  authorizationPolicies: [],
  meshTlsAuthentications: [],
  networkAuthentications: [],
  serverAuthorizations: [],
};

/** A cluster whose objects are found by namespace, so that a question about one pod looks at its namespace alone. */
export interface Cluster {
  readonly name: string;
  readonly mesh: MeshSettings;
  readonly in: (namespace: string) => NamespaceObjects;
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly grpcRoutes: readonly GrpcRoute[];
}

export function indexed({ name, mesh, objects }: ClusterState): Cluster {
  const byKind = KINDS.map((kind) => {
    const all: readonly { readonly metadata: { readonly namespace: string } }[] = objects[kind];
    return [kind, Map.groupBy(all, ({ metadata }) => metadata.namespace)] as const;
  });
  const namespaces = new Map<string, NamespaceObjects>();
  return {
    name,
    mesh,
    pods: objects.pods,
    services: objects.services,
    grpcRoutes: objects.grpcRoutes,
    in: (namespace) => {
      const known = namespaces.get(namespace);
      if (known) return known;
      const own = Object.fromEntries(byKind.map(([kind, of]) => [kind, of.get(namespace) ?? []]));
      const found = { ...NO_OBJECTS, ...own };
      namespaces.set(namespace, found);
      return found;
    },
  };
}
