import { isIPv6 } from "node:net";
import { z } from "zod";
import { addressOf, numberOf, rangeOf } from "./addresses";
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
  if (!isNetwork(text)) return NO_NETWORK;
  const range = rangeOf(text);
  if (range === undefined) return NO_NETWORK;
  const { first, width } = range;
  const [base = "", prefix] = text.split("/");
  if (first === numberOf(base)) return undefined;
  return [
    "is an address inside a network",
    `write ${shortest(addressOf(first, width))}/${prefix} for the whole network, or ${base}/${width} for this address alone`,
  ];
}

const NO_NETWORK: Told = [
  "is not a network",
  "write an address and the length of its prefix, for example 10.0.0.0/8",
];

/** A URL has an IPv6 address in its shortest form. */
function shortest(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Two networks in CIDR notation that have addresses in common. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a !== undefined && a.width === b?.width && a.first < b.end && b.first < a.end;
}

/** Whether every address of the second network is one of the first. */
export function contains(network: string, other: string): boolean {
  const [outer, inner] = [rangeOf(network), rangeOf(other)];
  return (
    outer !== undefined &&
    outer.width === inner?.width &&
    outer.first <= inner.first &&
    inner.end <= outer.end
  );
}
