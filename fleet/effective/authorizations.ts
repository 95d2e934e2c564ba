import { identityName } from "../config/names";
import { type Authorization, areValid, type Clients, EVERYWHERE } from "./clients";
import type { Cluster } from "./cluster";
import { alike, CORE_GROUP, GATEWAY_API_GROUP, POLICY_GROUP, selects, targetsKind } from "./selectors";
import type {
  AuthorizationPolicy,
  MeshTlsAuthentication,
  Networks,
  Server,
  ServerAuthorization,
  TargetRef,
} from "./shapes";

/**
 * Whom a Server lets in, whatever the request: what policies and ServerAuthorizations of its namespace say of it, and
 * its own `accessPolicy`. linkerd2 `policy-controller/k8s/index/src/inbound/index.rs`, `client_authzs`.
 */
export function serverAuthorizations(cluster: Cluster, { metadata, spec }: Server): Authorization[] {
  const { serverAuthorizations: older, authorizationPolicies: policies } = cluster.in(metadata.namespace);
  return [
    ...older
      .filter(({ spec: { server } }) =>
        server.name == null
          ? server.selector == null || selects(server.selector, metadata.labels)
          : server.name === metadata.name,
      )
      .flatMap((of) => ofServerAuthorization(cluster, of)),
    ...policies
      .filter(({ spec: { targetRef } }) =>
        targetsKind(targetRef, POLICY_GROUP, "Server")
          ? targetRef.name === metadata.name
          : targetsKind(targetRef, CORE_GROUP, "Namespace"),
      )
      .flatMap((policy) => ofPolicy(cluster, policy)),
    ...(spec.accessPolicy == null
      ? []
      : defaultAuthorizations(cluster, spec.accessPolicy, `accessPolicy of the Server ${nameOf(metadata)}`)),
  ];
}

/**
 * Whom a route lets in besides; linkerd2 `inbound/index.rs`, `route_client_authzs`. Names are compared like kinds
 * here.
 */
export function routeAuthorizations(
  cluster: Cluster,
  namespace: string,
  route: { readonly group: string; readonly kind: string; readonly name: string },
): Authorization[] {
  return cluster
    .in(namespace)
    .authorizationPolicies.filter(
      ({ spec: { targetRef } }) =>
        isRoute(targetRef) &&
        alike(targetRef.group ?? "", route.group) &&
        alike(targetRef.kind, route.kind) &&
        alike(targetRef.name, route.name),
    )
    .flatMap((policy) => ofPolicy(cluster, policy));
}

/**
 * Whether a policy targets a route of a kind that Linkerd knows. linkerd2 `inbound/authorization_policy.rs`,
 * `target`.
 */
function isRoute(target: TargetRef): boolean {
  return (
    targetsKind(target, POLICY_GROUP, "HTTPRoute") ||
    targetsKind(target, GATEWAY_API_GROUP, "HTTPRoute") ||
    targetsKind(target, GATEWAY_API_GROUP, "GRPCRoute")
  );
}

const DEFAULTS = new Map<string, { authenticated: boolean; cluster: boolean; audit?: true }>([
  ["all-unauthenticated", { authenticated: false, cluster: false }],
  ["all-authenticated", { authenticated: true, cluster: false }],
  ["cluster-unauthenticated", { authenticated: false, cluster: true }],
  ["cluster-authenticated", { authenticated: true, cluster: true }],
  ["audit", { authenticated: false, cluster: false, audit: true }],
]);

/** Whether it is a default policy at all: another word counts as none. */
export function isDefaultPolicy(policy: string | undefined): policy is string {
  return policy !== undefined && (policy === "deny" || DEFAULTS.has(policy));
}

/**
 * `identified`: a port that asks for identity; linkerd2 `policy-controller/k8s/index/src/defaults.rs`,
 * `default_authzs`.
 */
export function defaultAuthorizations(
  { mesh }: Cluster,
  policy: string,
  name: string,
  identified = false,
): Authorization[] {
  const known = DEFAULTS.get(policy);
  if (!known) return [];
  const { authenticated, cluster, audit = false } = known;
  return [
    {
      name,
      networks: cluster ? mesh.clusterNetworks.map((cidr) => ({ cidr, except: [] })) : EVERYWHERE,
      clients: authenticated || (identified && !audit) ? ["*"] : "anybody",
      ...(audit ? { audit } : {}),
    },
  ];
}

/**
 * None where the policy, or an authentication that it asks for, is not valid; linkerd2 `inbound/index.rs`,
 * `policy_client_authz`.
 */
function ofPolicy(cluster: Cluster, { metadata, spec }: AuthorizationPolicy): Authorization[] {
  const identities: (readonly string[] | undefined)[] = [];
  const networks: (Networks | undefined)[] = [];
  for (const ref of spec.requiredAuthenticationRefs) {
    const namespace = ref.namespace ?? metadata.namespace;
    const { meshTlsAuthentications, networkAuthentications } = cluster.in(namespace);
    const isIt = (of: { readonly metadata: { readonly name: string } }) => of.metadata.name === ref.name;
    if (targetsKind(ref, POLICY_GROUP, "MeshTLSAuthentication")) {
      const found = meshTlsAuthentications.find(isIt);
      identities.push(found && identitiesOf(cluster, found));
    } else if (targetsKind(ref, CORE_GROUP, "ServiceAccount")) {
      identities.push([accountIdentity(cluster, ref.name, namespace)]);
    } else if (targetsKind(ref, POLICY_GROUP, "NetworkAuthentication")) {
      const found = networkAuthentications.find(isIt)?.spec.networks;
      networks.push(found && found.length > 0 && areValid(found) ? found : undefined);
    } else {
      return [];
    }
  }
  const asked = [...identities, ...networks];
  if (identities.length > 1 || networks.length > 1 || asked.includes(undefined)) return [];
  return [
    {
      name: `AuthorizationPolicy ${nameOf(metadata)}`,
      clients: identities[0] ?? "anybody",
      networks: networks[0] ?? EVERYWHERE,
    },
  ];
}

/** linkerd2 `inbound/meshtls_authentication.rs`: with one bad reference, or without any identity, it is not there. */
function identitiesOf(
  cluster: Cluster,
  { metadata, spec }: MeshTlsAuthentication,
): readonly string[] | undefined {
  const { controlPlaneNamespace, trustDomain } = cluster.mesh;
  const refs = spec.identityRefs.map((ref) => {
    if (targetsKind(ref, CORE_GROUP, "ServiceAccount")) {
      return accountIdentity(cluster, ref.name, ref.namespace ?? metadata.namespace);
    }
    return targetsKind(ref, CORE_GROUP, "Namespace")
      ? identityName("*", ref.name, controlPlaneNamespace, trustDomain)
      : undefined;
  });
  const all = [...spec.identities, ...refs];
  const known = all.filter((identity) => identity !== undefined);
  return known.length > 0 && known.length === all.length ? known : undefined;
}

/**
 * Without networks it is about the cluster's own; linkerd2 `inbound/server_authorization.rs` and
 * `grpc/src/inbound.rs`, `to_authz`.
 */
function ofServerAuthorization(
  cluster: Cluster,
  { metadata, spec: { client } }: ServerAuthorization,
): Authorization[] {
  const clients = clientsOf(cluster, metadata.namespace, client);
  if (!clients || !areValid(client.networks)) return [];
  const own = cluster.mesh.clusterNetworks.map((cidr) => ({ cidr, except: [] }));
  return [
    {
      name: `ServerAuthorization ${nameOf(metadata)}`,
      clients,
      networks: client.networks.length > 0 ? client.networks : own,
    },
  ];
}

function clientsOf(
  cluster: Cluster,
  own: string,
  { unauthenticated, meshTLS }: ServerAuthorization["spec"]["client"],
): Clients | undefined {
  if (unauthenticated) return "anybody";
  if (!meshTLS) return undefined;
  if (meshTLS.unauthenticatedTLS) return "tls";
  const accounts = meshTLS.serviceAccounts.map(({ name, namespace }) =>
    accountIdentity(cluster, name, namespace ?? own),
  );
  const identities = [...meshTLS.identities, ...accounts];
  return identities.length > 0 ? identities : undefined;
}

/** References mean the cluster's own trust domain; linkerd2 `cluster_info.rs`, `service_account_identity`. */
function accountIdentity({ mesh }: Cluster, name: string, namespace: string): string {
  return identityName(name, namespace, mesh.controlPlaneNamespace, mesh.trustDomain);
}

export function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
