import type { ClusterPlan } from "../clusters/plan";
import { identityName } from "../config/names";
import { type Authorization, addressesOf, edgesOf, lies, matchesIdentity, touch } from "./clients";
import type { Cluster } from "./cluster";
import type { Caller, DeclaredPort } from "./declared";
import { gatewaysOf, identityOf, isRunning } from "./reach";

/** A caller of interest, with words for people. */
export interface Someone extends Caller {
  readonly words: string;
}

/** Nobody has this name: it stands for whoever is not named. */
const STRANGER = "linkerd-fleet-stranger";

/** Where callers come from. */
export interface Place {
  readonly cluster: string;
  /** Absent where it is not known. */
  readonly address?: string;
  /** Its addresses at the edges of a network: whoever writes a policy may know one of its pods. */
  readonly edges: (network: string) => readonly string[];
}

/** What decides who may call, besides the cluster itself. */
export interface Around {
  /** Where callers of the cluster itself come from. */
  readonly own: Place;
  /** Clusters whose pods reach its pods. */
  readonly neighbours: readonly Place[];
  /** Trust domains of all clusters. */
  readonly trustDomains: readonly string[];
}

type Caught = Pick<Place, "cluster" | "address">;

/**
 * Callers that send to the pods themselves, one of each kind that the declaration or the live policies of a port tell
 * from others: of the cluster itself, and of those whose pods reach its pods.
 */
export function directCallers(
  port: DeclaredPort,
  target: Cluster,
  { own, neighbours, trustDomains }: Around,
  authorizations: readonly Authorization[],
): Someone[] {
  const patterns = [
    ...port.callers,
    ...port.routes.flatMap(({ callers }) => callers),
    ...(port.local?.identities ?? []),
    ...patternsOf(authorizations),
  ];
  const networks = [...(port.local?.networks ?? []), ...networksOf(authorizations)];
  const within = port.local?.networks;
  const isLocalNetwork = (address: string) => within?.some((network) => lies(address, network)) ?? true;
  const spread = ({ cluster, address, edges }: Place) => [
    { cluster, ...(address === undefined ? {} : { address }) },
    ...[...new Set(networks.flatMap(edges))].map((address) => ({ cluster, address })),
  ];
  const different = (places: readonly Caught[]) => alike(places, (one) => signature(one.address, networks));
  const others = different(neighbours.flatMap(spread));
  const [here, ...near] = spread(own);
  const locals = different([
    ...(here ? [here] : []),
    ...near.filter(({ address }) => address !== undefined && isLocalNetwork(address)),
  ]);
  return identities(patterns, target, trustDomains).flatMap((identity) => {
    const who = { ...(identity === undefined ? {} : { identity }), throughGateway: false };
    const from = ({ cluster, ...place }: Caught, isLocal: boolean): Someone => ({
      ...{ ...who, ...place, isLocal },
      words: `${wordsOf(identity)} in ${cluster}`,
    });
    return [...locals.map((place) => from(place, true)), ...others.map((place) => from(place, false))];
  });
}

/**
 * Callers of other clusters that send to the gateway. It may see any address: balancers and nodes stand before it.
 */
export function gatewayCallers(
  port: DeclaredPort,
  target: Cluster,
  authorizations: readonly Authorization[],
  trustDomains: readonly string[],
): Someone[] {
  const own = new Set(gatewaysOf(target).map(({ pod }) => identityOf(target, pod)));
  const patterns = [...(port.gateway?.callers ?? []), ...patternsOf(authorizations)];
  const declared = (port.gateway?.networks ?? []).map((cidr) => ({ cidr, except: [] }));
  const all = [...authorizations, { name: "", networks: declared, clients: "anybody" as const }];
  const addresses = alike(addressesOf(all), (address) => signature(address, networksOf(all)));
  return (
    identities(patterns, target, trustDomains)
      // A gateway refuses itself.
      .filter((identity) => identity === undefined || !own.has(identity))
      .flatMap((identity) =>
        addresses.map((address) => ({
          ...{
            ...(identity === undefined ? {} : { identity }),
            address,
            isLocal: false,
            throughGateway: true,
          },
          words: `${wordsOf(identity)} through the gateway, from ${address}`,
        })),
      )
  );
}

function identities(
  patterns: readonly string[],
  { mesh }: Cluster,
  trustDomains: readonly string[],
): (string | undefined)[] {
  const strangers = [mesh.trustDomain, ...trustDomains].map((domain) =>
    identityName(STRANGER, STRANGER, mesh.controlPlaneNamespace, domain),
  );
  const all = [...strangers, ...patterns.map(exampleOf)];
  return [
    undefined,
    ...alike(all, (identity) => patterns.map((pattern) => matchesIdentity(pattern, identity)).join()),
  ];
}

function patternsOf(authorizations: readonly Authorization[]): string[] {
  return authorizations.flatMap(({ clients }) => (typeof clients === "string" ? [] : clients));
}

function networksOf(authorizations: readonly Authorization[]): string[] {
  return authorizations.flatMap(({ networks }) => networks.flatMap(({ cidr, except }) => [cidr, ...except]));
}

function signature(address: string | undefined, networks: readonly string[]): string {
  return address === undefined ? "unknown" : networks.map((network) => lies(address, network)).join();
}

/** One of each that are told apart by the same things. */
function alike<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...Map.groupBy(items, key).values()].flatMap((of) => of.slice(0, 1));
}

/** An identity that a pattern matches, and as few others as can be. */
function exampleOf(pattern: string): string {
  if (pattern === "*") return identityName(STRANGER, STRANGER, "linkerd", "anywhere.example");
  return pattern.startsWith("*.") ? `${STRANGER}${pattern.slice(1)}` : pattern;
}

/**
 * Where callers of a cluster come from: the address of one of its pods, where it was read and has any in a network of
 * its own, or one of its pod networks as the stack file says them.
 */
export function placeIn(
  { name, podNetworks = [] }: Pick<ClusterPlan, "name" | "podNetworks">,
  clusters: ReadonlyMap<string, Cluster>,
): Place {
  const cluster = clusters.get(name);
  const [first] = podNetworks.flatMap((network) => network.split("/").slice(0, 1));
  const address = (cluster && podAddress(cluster)) ?? first;
  return {
    cluster: name,
    ...(address === undefined ? {} : { address }),
    edges: edgesIn(podNetworks, cluster),
  };
}

/** By network, and at once for the many networks that are far from those of the pods. */
function edgesIn(podNetworks: readonly string[], cluster: Cluster | undefined): Place["edges"] {
  const isOwn = (address: string) => podNetworks.some((own) => lies(address, own));
  const own = podNetworks.flatMap((network) => edgesOf(network).filter((edge) => lies(edge, network)));
  const pods = (cluster?.pods ?? [])
    .filter((pod) => isRunning(pod) && !pod.spec.hostNetwork)
    .flatMap(({ status: { podIP, podIPs } }) => [...(podIP ? [podIP] : []), ...podIPs.map(({ ip }) => ip)]);
  const known = new Map<string, readonly string[]>();
  return (network) => {
    const before = known.get(network);
    if (before) return before;
    const edges = podNetworks.some((own) => touch(own, network)) ? edgesOf(network).filter(isOwn) : [];
    const pod = pods.find((ip) => lies(ip, network));
    const found = edges.length === 0 && pod === undefined ? own : [...edges, ...own, ...(pod ? [pod] : [])];
    known.set(network, found);
    return found;
  };
}

/** Absent where no pod has one in a network of its own. */
export function podAddress(cluster: Cluster): string | undefined {
  const gateways = new Set(gatewaysOf(cluster).map(({ pod }) => pod));
  const pod = cluster.pods.find(
    (pod) => isRunning(pod) && !pod.spec.hostNetwork && pod.status.podIP && !gateways.has(pod),
  );
  return pod?.status.podIP ?? undefined;
}

function wordsOf(identity: string | undefined): string {
  if (identity === undefined) return "callers without a mesh identity";
  return identity.startsWith(`${STRANGER}.${STRANGER}.`)
    ? "any meshed caller"
    : identity.replace(STRANGER, "*");
}
