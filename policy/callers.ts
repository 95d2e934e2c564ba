import { isIP, isIPv6 } from "node:net";
import { GRANT_PREFIX, MULTICLUSTER_NAMESPACE, PROBES } from "../fleet/config/names";
import { contains } from "../fleet/config/networks";
import { GATEWAY_AUTHENTICATIONS } from "../fleet/gateways/plan";
import type { PreviewValue } from "./previewValue";
import { objectName, type Resource } from "./resource";

/**
 * Whether an identity stands for callers of every namespace. `*` is everybody, `*.` a suffix, and a star elsewhere is
 * a letter like others (linkerd2 `policy-controller/core/src/identity_match.rs`): a suffix that names no namespace
 * before `serviceaccount` is wider than any grant.
 */
export function isEverybody({ text }: PreviewValue): boolean {
  if (text === undefined) return false;
  return (
    text === "*" || (text.startsWith("*.") && !/^\*\.(.+\.)?[^.]+\.serviceaccount\.identity\./.test(text))
  );
}

/**
 * Whether networks hold more of the Internet than a fleet's own: one that is wider than the widest private network
 * (10.0.0.0/8, fc00::/7), or together more than a 64th of all addresses, which are four networks of that size.
 */
export function isInternet(cidrs: readonly PreviewValue[]): boolean {
  const networks = cidrs.flatMap(({ text }) => (text === undefined ? [] : (readNetwork(text) ?? [])));
  if (networks.some(({ bits, isV6 }) => bits < (isV6 ? 7 : 8))) return true;
  // Two networks either have no address in common, or one holds the other.
  const outer = networks.filter(
    (one, at) =>
      !networks.some((other, index) => {
        if (index === at || other.isV6 !== one.isV6 || !contains(other.cidr, one.cidr)) return false;
        return other.bits < one.bits || index < at;
      }),
  );
  return [true, false].some((isV6) => {
    const own = outer.filter((one) => one.isV6 === isV6);
    return own.reduce((share, { bits }) => share + 2 ** -bits, 0) > 2 ** -6;
  });
}

function readNetwork(text: string) {
  const [base = "", prefix] = text.split("/");
  const isV6 = isIPv6(base);
  const most = isV6 ? 128 : 32;
  const bits = prefix === undefined ? most : Number(prefix);
  // The API server refuses what is none.
  if (isIP(base) === 0 || !Number.isInteger(bits) || bits < 0 || bits > most) return undefined;
  return { cidr: `${base}/${bits}`, bits, isV6 };
}

/** The networks of a grant's route for probes, which a kubelet of any address sends. */
export function isOfProbes(authentication: string | undefined): boolean {
  return (authentication?.startsWith(GRANT_PREFIX) && authentication.endsWith(PROBES)) ?? false;
}

/** The authentications of the chart's gateway, or of Emissary as one. */
export function isOfGateway(of: Resource, which: "networks" | "identities"): boolean {
  return gatewayOf(objectName(of), of.properties.at("metadata", "namespace"), which) !== undefined;
}

/**
 * Whose gateway's authentication this is. The chart's are in its own namespace alone: elsewhere they are anybody's.
 */
export function gatewayOf(
  name: string | undefined,
  namespace: PreviewValue,
  which: "networks" | "identities",
): keyof typeof GATEWAY_AUTHENTICATIONS | undefined {
  if (name === GATEWAY_AUTHENTICATIONS.emissary[which]) return "emissary";
  const isChart = name === GATEWAY_AUTHENTICATIONS.chart[which] && !namespace.isNot(MULTICLUSTER_NAMESPACE);
  return isChart ? "chart" : undefined;
}
