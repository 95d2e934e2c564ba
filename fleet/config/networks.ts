import { BlockList, isIPv6 } from "node:net";

/** Whether an address lies in a network in CIDR notation. */
function holds(network: string, address: string): boolean {
  const [base = "", prefix] = network.split("/");
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), isIPv6(base) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function baseOf(network: string): string {
  return network.split("/")[0] ?? "";
}

/** Two networks in CIDR notation that have addresses in common. */
export function overlap(one: string, other: string): boolean {
  return holds(one, baseOf(other)) || holds(other, baseOf(one));
}

/** Whether every address of the second network is one of the first. */
export function contains(network: string, other: string): boolean {
  const prefix = (of: string) => Number(of.split("/")[1]);
  return prefix(network) <= prefix(other) && holds(network, baseOf(other));
}
