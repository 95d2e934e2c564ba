import { BlockList, isIPv6 } from "node:net";
import { z } from "zod";
import type { Told } from "./hosts";

/** What an editor can tell of a network in CIDR notation. */
export const NETWORK_PATTERN = `${z.regexes.cidrv4.source}|${z.regexes.cidrv6.source}`;
const NETWORK = new RegExp(NETWORK_PATTERN);

/** Whether Linkerd takes it for a network: an address in it stands for the network around (Rust's `IpNet`). */
export function isNetwork(text: string): boolean {
  return NETWORK.test(text);
}

/**
 * A network of the stack file. Linkerd reads 10.1.2.3/16 as 10.1.0.0/16. Kubernetes only warns of it until
 * `StrictIPCIDRValidation` refuses it (apimachinery `validation.IsValidCIDRForLegacyField`), some load balancers
 * refuse it, and the person who wrote it may have meant the one address.
 */
export function networkProblem(text: string): Told | undefined {
  if (!isNetwork(text)) {
    return ["is not a network", "write an address and the length of its prefix, for example 10.0.0.0/8"];
  }
  const { address, prefix, width } = partsOf(text);
  const behind = BigInt(width - prefix);
  const first = (address >> behind) << behind;
  if (first === address) return undefined;
  return [
    "is an address inside a network",
    `write ${formatted(first, width)}/${prefix} for the whole network, or ${baseOf(text)}/${width} for this address alone`,
  ];
}

function partsOf(network: string): {
  readonly address: bigint;
  readonly prefix: number;
  readonly width: number;
} {
  const base = baseOf(network);
  const isV6 = isIPv6(base);
  const [groups, size] = isV6
    ? [groupsOf(base).map((group) => Number.parseInt(group, 16)), 16n]
    : [base.split(".").map(Number), 8n];
  return {
    address: groups.reduce((sum, group) => (sum << size) | BigInt(group), 0n),
    prefix: prefixOf(network),
    width: isV6 ? 128 : 32,
  };
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): string[] {
  const [head = [], tail = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
}

function formatted(address: bigint, width: number): string {
  const [size, count] = width === 128 ? [16n, 8] : [8n, 4];
  const groups = Array.from(
    { length: count },
    (_, at) => (address >> (BigInt(count - 1 - at) * size)) & ((1n << size) - 1n),
  );
  if (width === 32) return groups.join(".");
  // A URL has an IPv6 address in its shortest form.
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

/** Whether an address lies in a network in CIDR notation. */
function holds(network: string, address: string): boolean {
  const base = baseOf(network);
  const list = new BlockList();
  list.addSubnet(base, prefixOf(network), isIPv6(base) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function baseOf(network: string): string {
  return network.split("/")[0] ?? "";
}

function prefixOf(network: string): number {
  return Number(network.split("/")[1]);
}

/** Two networks in CIDR notation that have addresses in common. */
export function overlap(one: string, other: string): boolean {
  return holds(one, baseOf(other)) || holds(other, baseOf(one));
}

/** Whether every address of the second network is one of the first. */
export function contains(network: string, other: string): boolean {
  return prefixOf(network) <= prefixOf(other) && holds(network, baseOf(other));
}
