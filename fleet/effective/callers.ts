import { identityName } from "../config/names";
import { type Authorization, lies, matchesIdentity } from "./clients";
import type { Cluster } from "./cluster";
import type { Caller, DeclaredPort } from "./declared";
import { gatewaysOf, identityOf, isRunning } from "./reach";

/** A caller of interest, with words for people. */
export interface Someone extends Caller {
  readonly words: string;
}

/** Nobody has this name: it stands for whoever is not named. */
export const STRANGER = "linkerd-fleet-stranger";

/**
 * One caller of each kind that the declaration or the live policies of a port tell from others: by identity, by address,
 * from within the cluster, from other clusters, and through the gateway.
 */
export function callersOf(
  port: DeclaredPort,
  target: Cluster,
  clusters: ReadonlyMap<string, Cluster>,
  authorizations: readonly Authorization[],
): Someone[] {
  const patterns = [
    ...port.callers,
    ...port.routes.flatMap(({ callers }) => callers),
    ...(port.local?.identities ?? []),
    ...(port.gateway?.callers ?? []),
    ...authorizations.flatMap(({ clients }) => (typeof clients === "string" ? [] : clients)),
  ];
  const networks = [
    ...(port.local?.networks ?? []),
    ...(port.gateway?.networks ?? []),
    ...authorizations.flatMap((one) => one.networks.flatMap(({ cidr, except }) => [cidr, ...except])),
  ];
  const identities = alike([undefined, ...strangers(clusters), ...patterns.map(exampleOf)], (identity) =>
    identity === undefined ? "none" : patterns.map((pattern) => matchesIdentity(pattern, identity)).join(),
  );
  const remote = alike(
    [...clusters.values()]
      .filter(({ name }) => name !== target.name)
      .map((cluster) => ({ name: cluster.name, ...placeOf(cluster) })),
    ({ address }) =>
      address === undefined ? "unknown" : networks.map((network) => lies(address, network)).join(),
  );
  // Where no other cluster was read, others call all the same: from an address that is not known.
  const others = remote.length > 0 ? remote : [{ name: "another cluster" }];
  const gateways = new Set(gatewaysOf(target).map(({ pod }) => identityOf(target, pod)));
  return identities.flatMap((identity): Someone[] => {
    const who = identity === undefined ? {} : { identity };
    const words = wordsOf(identity);
    return [
      {
        ...who,
        ...placeOf(target),
        isLocal: true,
        throughGateway: false,
        words: `${words} in ${target.name}`,
      },
      ...others.map(({ name, ...place }) => ({
        ...{ ...who, ...place, isLocal: false, throughGateway: false },
        words: `${words} in ${name}`,
      })),
      // A gateway refuses itself.
      ...(identity !== undefined && gateways.has(identity) ? [] : others).map(({ name, ...place }) => ({
        ...{ ...who, ...place, isLocal: false, throughGateway: true },
        words: `${words} in ${name}, through the gateway`,
      })),
    ];
  });
}

/** One of each that are told apart by the same things. */
function alike<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...Map.groupBy(items, key).values()].flatMap((of) => of.slice(0, 1));
}

function strangers(clusters: ReadonlyMap<string, Cluster>): string[] {
  return [...clusters.values()].map(({ mesh }) =>
    identityName(STRANGER, STRANGER, mesh.controlPlaneNamespace, mesh.trustDomain),
  );
}

/** An identity that a pattern matches, and as few others as can be. */
function exampleOf(pattern: string): string {
  if (pattern === "*") return identityName(STRANGER, STRANGER, "linkerd", "anywhere.example");
  return pattern.startsWith("*.") ? `${STRANGER}${pattern.slice(1)}` : pattern;
}

/** The address of one of its pods, where it has any in a network of its own. */
function placeOf(cluster: Cluster): { readonly address?: string } {
  const gateways = new Set(gatewaysOf(cluster).map(({ pod }) => pod));
  const pod = cluster.pods.find(
    (pod) => isRunning(pod) && !pod.spec.hostNetwork && pod.status.podIP && !gateways.has(pod),
  );
  const address = pod?.status.podIP;
  return address == null ? {} : { address };
}

function wordsOf(identity: string | undefined): string {
  if (identity === undefined) return "callers without a mesh identity";
  return identity.startsWith(`${STRANGER}.`) && identity.includes(`.${STRANGER}.`)
    ? "any meshed caller"
    : identity;
}
