import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** The fault of a text, and the text to write instead. */
export type Told = readonly [problem: string, fix: string];

/** An IP address or a host name, alone, that pods of other clusters can resolve and reach (Go's `net.LookupIP`). */
export function addressProblem(text: string): Told | undefined {
  return decoration(text) ?? hostProblem(text);
}

/** An IP address alone. */
export function ipProblem(text: string): Told | undefined {
  const problem = addressProblem(text);
  if (problem || isIP(text)) return problem;
  return ["is a host name, not an IP address", "write the address itself, for example 192.0.2.10"];
}

/** A host name that requests are matched with: it may begin with a `*`. */
export function hostPatternProblem(text: string): Told | undefined {
  const told = decoration(text);
  if (told) return told;
  return /[^\x20-\x7e]/.test(text) ? asciiForm(text) : undefined;
}

/** Characters that people write around an address. */
function decoration(text: string): Told | undefined {
  const alone = `write the host alone, for example gw.eu.example.com`;
  if (text.includes(",")) return ["is several addresses in one text", "write a list: [first, second]"];
  if (/\s/.test(text)) return ["holds white space", "remove it"];
  if (/^[a-z][-a-z0-9+.]*:\/\//i.test(text)) return ["has a scheme", `${alone}, without scheme`];
  if (text.includes("@")) return ["holds a user", `${alone}, without user and password`];
  if (/[/?#\\]/.test(text)) {
    return isIP(text.split("/")[0] ?? "") && /^[^/]+\/\d+$/.test(text)
      ? ["is a network, not one address", "write the address, without the length of a prefix"]
      : ["has a path", `${alone}, without scheme and path`];
  }
  if (/[[\]]/.test(text)) return ["has brackets", "write an IPv6 address without brackets and without port"];
  if (/^[^:]*:\d*$/.test(text)) return ["has a port", `${alone}; the port is a setting of its own`];
  return undefined;
}

/** Addresses that mean another place on each machine, or none. */
const NOWHERE = new BlockList();
NOWHERE.addSubnet("0.0.0.0", 8, "ipv4");
NOWHERE.addSubnet("169.254.0.0", 16, "ipv4");
NOWHERE.addSubnet("224.0.0.0", 3, "ipv4");
NOWHERE.addAddress("::", "ipv6");
NOWHERE.addSubnet("fe80::", 10, "ipv6");
NOWHERE.addSubnet("ff00::", 8, "ipv6");
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether a pod that asks for this host would find itself. */
function isLoopback(host: string): boolean {
  if (/^(.+\.)?localhost\.?$/i.test(host)) return true;
  return isIP(host) !== 0 && LOOPBACK.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** A host without anything around it. */
function hostProblem(host: string): Told | undefined {
  const elsewhere = "write the address at which the pods of the other clusters reach it";
  if (isLoopback(host)) return ["is a loopback address, which leads each machine to itself", elsewhere];
  return nameProblem(host);
}

function nameProblem(host: string): Told | undefined {
  if (host.includes("%"))
    return ["has a zone, which means nothing on another machine", "leave out % and what follows"];
  if (isIP(host)) {
    if (!NOWHERE.check(host, isIPv4(host) ? "ipv4" : "ipv6")) return undefined;
    return [
      "is an address that no other machine can reach",
      "write the one at which the other clusters reach it",
    ];
  }
  if (host.includes(":")) return ["is not an IPv6 address", "write it in full, for example 2001:db8::10"];
  if (/[^\x20-\x7e]/.test(host)) return asciiForm(host);
  const labels = host.replace(/\.$/, "").split(".");
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? "")) {
    return [
      "is not an IPv4 address",
      "write four numbers up to 255, without leading zeros, for example 192.0.2.10",
    ];
  }
  if (host.length > 253 || labels.some((label) => label.length > 63)) {
    return ["is longer than a host name can be", "write one of at most 253 characters, 63 between two dots"];
  }
  if (labels.every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(label))) return undefined;
  return [
    "is not an IP address or host name",
    "use letters, digits, dashes and dots, for example gw.eu.example.com",
  ];
}

/** Go's resolver asks for a name as it stands. */
function asciiForm(host: string): Told {
  const ascii = domainToASCII(host);
  const fix =
    ascii === "" ? "use letters, digits, dashes and dots" : `write it in the form that DNS uses: ${ascii}`;
  return ["has letters that DNS does not allow", fix];
}

export interface UrlParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** Takes a URL apart without changing anything of it, as `URL` would. */
export function urlParts(text: string): UrlParts | undefined {
  const [, scheme, authority, path = "", query = ""] =
    /^([a-z][-a-z0-9+.]*):\/\/([^/?#\\]*)([^?#]*)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  const at = authority.lastIndexOf("@");
  return {
    scheme: scheme.toLowerCase(),
    user: at < 0 ? undefined : authority.slice(0, at),
    host: authority.slice(at + 1),
    path,
    query,
  };
}

/** `host` or `host:port` of a URL. */
export function authorityProblem(authority: string): Told | undefined {
  if (authority === "") return ["has no host", "write it after the scheme"];
  if (authority.split(":").length > 2 && !authority.startsWith("[")) {
    return [
      "has an IPv6 address without brackets",
      "write brackets around it, for example https://[2001:db8::10]:6443",
    ];
  }
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(authority) ?? [];
  const host = bracketed ?? name;
  if (
    host === undefined ||
    name?.startsWith("[") ||
    (bracketed !== undefined && !isIPv6(bracketed.replace(/%.*$/, "")))
  ) {
    return [
      "has brackets around something that is not an IPv6 address",
      "write brackets around an IPv6 address only",
    ];
  }
  if (port !== undefined) {
    const problem = portProblem(port);
    if (problem) return problem;
  }
  return nameProblem(host);
}

/** What stands behind the colon of a host. */
export function portProblem(port: string): Told | undefined {
  if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535) return undefined;
  return ["has no valid port", "write one from 1 to 65535 after the host, or leave out the colon"];
}

/** The https URL at which the pods of other clusters reach an API server. */
export function apiServerProblem(text: string): Told | undefined {
  const example = "for example https://api.eu.example.com:6443";
  if (/\s/.test(text)) return ["holds white space", "remove it"];
  const url = urlParts(text);
  if (!url) return ["has no scheme", `write it as an https:// URL, ${example}`];
  if (url.scheme !== "https") return [`is not an https:// URL`, `write scheme, host and port, ${example}`];
  if (url.user !== undefined) {
    return [
      "holds a user",
      "remove user and password: a link has a token of its own, and this value is public",
    ];
  }
  if (url.query !== "") return ["has a query or fragment", `end it with the path, ${example}`];
  if (/\\/.test(url.path)) return ["has a backslash", "write slashes"];
  return authorityProblem(url.host);
}

/** Where charts come from: a repository, a registry, or a path. */
export function sourceProblem(text: string): Told | undefined {
  if (/\s/.test(text)) return ["holds white space", "remove it"];
  if (/^\.{0,2}\//.test(text)) return undefined;
  if (text.startsWith("~")) return ["begins with ~, which only a shell expands", "write the whole path"];
  const url = urlParts(text);
  if (url?.scheme === "file") return ["is a file:// URL, which Helm does not read", "write the path alone"];
  if (!url || !["http", "https", "oci"].includes(url.scheme)) {
    return [
      "is not a chart source",
      "write a repository URL (https://…), an OCI reference (oci://…) or a local path that starts with ./ or /",
    ];
  }
  if (url.user !== undefined) {
    return [
      "holds a user or password, which would stand in plain text in state and stack file",
      `write source: { url: ${url.scheme}://…, username: <user>, password: { secret: <key> } }, and replace the ` +
        "password: it was exposed",
    ];
  }
  if (url.query !== "")
    return ["has a query or fragment", "end it with the path; a password is a secret of its own"];
  if (url.scheme === "oci" && /[:@]/.test(url.path)) {
    return ["has a tag or digest", "leave it out: the version is a setting of its own"];
  }
  return authorityProblem(url.host);
}
