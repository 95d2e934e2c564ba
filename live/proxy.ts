import { BlockList, isIP, isIPv6 } from "node:net";

/** The variables that name a proxy, as Go's `http.ProxyFromEnvironment` reads them. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy by which kubectl and the engine's provider reach a server for which the kubeconfig names none. Never one
 * for this machine itself. Its rules are those of Go's `golang.org/x/net/http/httpproxy`: `HTTPS_PROXY` (or
 * `HTTP_PROXY` for a plain server), unless `NO_PROXY` lists the host, a domain above it, its address or a network
 * that holds it.
 * @example proxyOf(new URL("https://api.eu.example.com"), { HTTPS_PROXY: "proxy:3128" }) // http://proxy:3128/
 */
export function proxyOf(server: URL, env: ProxyVariables): URL | undefined {
  const variable = (name: string) => env[name] || env[name.toLowerCase()] || "";
  const proxy = variable(server.protocol === "http:" ? "HTTP_PROXY" : "HTTPS_PROXY");
  if (proxy === "" || isExcluded(server, variable("NO_PROXY"))) return undefined;
  return parseUrl(proxy) ?? parseUrl(`http://${proxy}`);
}

function parseUrl(text: string): URL | undefined {
  // Go takes none with white space in it, which `URL` takes away.
  const url = URL.canParse(text) && !/[\p{Cc} ]/u.test(text) ? new URL(text) : undefined;
  return url?.host ? url : undefined;
}

function isExcluded(server: URL, excluded: string): boolean {
  const host = hostOf(server);
  const port = server.port || (server.protocol === "http:" ? "80" : "443");
  if (host === "localhost" || (isIP(host) && isListed(host, ["127.0.0.0/8", "::1"]))) return true;
  return excluded
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === "*" || excludes(entry, host, port));
}

/** A host name, or an address without the brackets of a URL. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function excludes(entry: string, host: string, port: string): boolean {
  const [, bare = "", wantedPort] = /^(.*?)(?::(\d+))?$/.exec(isIPv6(entry) ? `[${entry}]` : entry) ?? [];
  if (bare === "" || (wantedPort !== undefined && wantedPort !== port)) return false;
  const name = bare.replace(/^\[(.*)\]$/, "$1");
  if (isIP(name.split("/")[0] ?? "")) return isIP(host) !== 0 && isListed(host, [name]);
  const domain = name.replace(/^\*(?=\.)/, "");
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

/** Whether an address is one of these, or in one of these networks. */
function isListed(address: string, entries: readonly string[]): boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [base = "", bits] = entry.split("/");
    const family = isIPv6(base) ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (Number.isInteger(prefix) && prefix >= 0 && prefix <= most) list.addSubnet(base, prefix, family);
  }
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
