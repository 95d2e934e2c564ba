import { isIP } from "node:net";

/** The addresses of a network, as numbers: from the first to before the end. */
export interface AddressRange {
  readonly width: 32 | 128;
  readonly first: bigint;
  readonly end: bigint;
}

const ranges = new Map<string, AddressRange | undefined>();

/** `undefined`: Linkerd reads no network there (linkerd2 `policy-controller/k8s/api/src/policy/network.rs`). */
export function rangeOf(network: string): AddressRange | undefined {
  if (ranges.has(network)) return ranges.get(network);
  const range = parseRange(network);
  ranges.set(network, range);
  return range;
}

function parseRange(network: string): AddressRange | undefined {
  const [base = "", prefix, ...more] = network.split("/");
  const family = isIP(base);
  if (family === 0 || base.includes("%") || more.length > 0) return undefined;
  const width = family === 6 ? 128 : 32;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits > width) return undefined;
  const size = 1n << BigInt(width - bits);
  const first = (numberOf(base) / size) * size;
  return { width, first, end: first + size };
}

/** An address as a number. */
export function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  // The last two groups may be written as an address of IPv4, `::ffff:10.0.0.0`.
  const plain = address.replace(/[\d.]+\.\d+$/, (end) => {
    const number = numberOf(end);
    return `${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** The address of a number, with all groups of IPv6 written out. */
export function addressOf(number: bigint, width: number): string {
  const [size, radix, separator] = width === 32 ? ([8, 10, "."] as const) : ([16, 16, ":"] as const);
  const parts = Array.from({ length: width / size }, (_, at) =>
    ((number >> BigInt(width - size * (at + 1))) & ((1n << BigInt(size)) - 1n)).toString(radix),
  );
  return parts.join(separator);
}
