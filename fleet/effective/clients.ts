import { addressOf, rangeOf } from "../config/addresses";
import type { Networks } from "./shapes";

/** Whom an authorization lets in, one for each object that says so. */
export interface Authorization {
  /** For people, for example `AuthorizationPolicy shop/web`. */
  readonly name: string;
  readonly networks: Networks;
  readonly clients: Clients;
  /** It lets in everybody and says so in the log (`accessPolicy: audit`). */
  readonly audit?: boolean;
}

/**
 * Everybody, everybody whose connection has TLS, or these mesh identities; linkerd2
 * `policy-controller/core/src/inbound.rs`.
 */
export type Clients = "anybody" | "tls" | readonly string[];

export const EVERYWHERE: Networks = [
  { cidr: "0.0.0.0/0", except: [] },
  { cidr: "::/0", except: [] },
];

/** Who calls, as the proxy at the other end sees it. */
export interface Client {
  /** Absent where its pod has no proxy, or one of a mesh with other trust anchors. */
  readonly identity?: string;
  /** Absent where it is not known: then it has to make no difference. */
  readonly address?: string;
}

/**
 * linkerd2-proxy `app/inbound/src/policy.rs`, `is_authorized`. TLS alone everybody can have: a proxy asks for a client's
 * certificate and takes none as well (`meshtls/src/creds/store.rs`, `allow_unauthenticated`).
 */
export function isAuthorized(
  { networks, clients }: Authorization,
  { identity, address }: Client & { readonly address: string },
): boolean {
  if (
    !networks.some(({ cidr, except }) => lies(address, cidr) && !except.some((net) => lies(address, net)))
  ) {
    return false;
  }
  if (clients === "anybody" || clients === "tls") return true;
  return identity !== undefined && clients.some((pattern) => matchesIdentity(pattern, identity));
}

/**
 * `*` alone is everybody, `*.` a suffix; a star elsewhere is a letter like others. SPIFFE ids are compared as a
 * whole. linkerd2 `policy-controller/core/src/identity_match.rs`, linkerd2-proxy `proxy/server-policy/src/authz.rs`.
 */
export function matchesIdentity(pattern: string, identity: string): boolean {
  if (identity.startsWith("spiffe://")) return pattern === identity;
  if (pattern === "*") return true;
  return pattern.startsWith("*.") ? identity.endsWith(pattern.slice(1)) : pattern === identity;
}

/** Whether an address lies in a network, `10.0.0.0/8`, or is that address. */
export function lies(address: string, network: string): boolean {
  const [range, own] = [rangeOf(network), rangeOf(address)];
  return (
    range !== undefined && own?.width === range.width && range.first <= own.first && own.first < range.end
  );
}

/** Whether two networks share addresses, or one begins where the other ends. */
export function touch(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a !== undefined && a.width === b?.width && a.first <= b.end && b.first <= a.end;
}

/** Whether Linkerd reads all of them: of an object with another, it takes nothing. */
export function areValid(networks: Networks): boolean {
  return networks.every(({ cidr, except }) => [cidr, ...except].every((one) => rangeOf(one) !== undefined));
}

/**
 * Addresses that stand for all: where some networks and exceptions change what is decided, it changes at the first or
 * after the last address of one of them.
 */
export function addressesOf(authorizations: readonly Authorization[]): string[] {
  const networks = new Set(
    authorizations.flatMap(({ networks }) => networks.flatMap(({ cidr, except }) => [cidr, ...except])),
  );
  const edges = [...networks].flatMap(edgesOf);
  return [...new Set([...OUTSIDE, ...edges])];
}

/** Addresses of no cluster (RFC 5737, RFC 3849). */
const OUTSIDE = ["203.0.113.7", "2001:db8::7"];

/** The first address of a network, and those on both sides of it. */
export function edgesOf(network: string): string[] {
  const range = rangeOf(network);
  if (!range) return [];
  const { width, first, end } = range;
  return [first - 1n, first, end]
    .filter((edge) => edge >= 0n && edge < 1n << BigInt(width))
    .map((edge) => addressOf(edge, width));
}
