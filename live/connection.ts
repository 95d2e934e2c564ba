import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from "node:tls";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { SocksProxyAgent } from "socks-proxy-agent";
import type { Access, KubeconfigCluster, KubeconfigUser } from "../fleet/clusters/kubeconfig";
import { authorizationOf, bytes, impersonation } from "./credentials";
import { ExecCredentials } from "./execPlugin";
import { hostOf, proxyOf } from "./proxy";

/** The way to one cluster, and what each request to it carries. */
export interface Connection {
  /** Without a slash at its end. */
  readonly server: string;
  /** As the kubeconfig's user. Throws where its credentials cannot be had. */
  options(): Promise<RequestOptions>;
  /** The same way with no credential, for a token's own. */
  readonly anonymous: RequestOptions;
  /** The cluster did not take the credentials. */
  refused(): void;
}

/** Opens the way to a cluster. Throws where a file, a certificate or an address cannot be used. */
export function connect({ cluster, user }: Access): Connection {
  const url = serverOf(cluster, user);
  const server = url.href.replace(/\/$/, "");
  const proxy = cluster["proxy-url"] ? new URL(cluster["proxy-url"]) : proxyOf(url, process.env);
  const headers = impersonation(user);
  if (url.protocol === "http:") {
    // client-go sends no credential over a plain connection.
    const agent = proxy ? plainProxy(proxy) : new HttpAgent({ keepAlive: true });
    const own = { agent, headers };
    return { server, options: async () => own, anonymous: { agent }, refused: () => undefined };
  }
  const authority = bytes(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const pair = {
    certificate: bytes(user["client-certificate-data"], user["client-certificate"]),
    key: bytes(user["client-key-data"], user["client-key"]),
  };
  const way = (pair: KeyPair) => secureWay(cluster, url, proxy, authority, pair);
  const anonymous = way({});
  const own = pair.certificate === undefined ? anonymous : way(pair);
  const authorization = authorizationOf(user);
  const withHeader = (base: RequestOptions, header: string | undefined): RequestOptions => ({
    ...base,
    headers: { ...headers, ...(header === undefined ? {} : { authorization: header }) },
  });
  // A plugin is not asked where the kubeconfig itself says who asks.
  if (!user.exec || authorization !== undefined || pair.certificate !== undefined) {
    const options = async () => withHeader(own, authorization?.());
    return { server, options, anonymous, refused: () => undefined };
  }
  const exec = new ExecCredentials(user.exec, execCluster(cluster, server, authority));
  const rotated = untilChanged(way);
  return {
    server,
    anonymous,
    refused: () => exec.refused(),
    async options() {
      const { token, ...given } = await exec.get();
      const base = given.certificate === "" ? anonymous : rotated(given);
      return withHeader(base, token === "" ? undefined : `Bearer ${token}`);
    },
  };
}

interface KeyPair {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** Go takes an address without a scheme for a plain one, unless something is said of TLS. */
function serverOf(cluster: KubeconfigCluster, user: KubeconfigUser): URL {
  const server = cluster.server ?? "";
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(server);
  const isSecure =
    cluster["certificate-authority"] ||
    cluster["certificate-authority-data"] ||
    cluster["insecure-skip-tls-verify"] ||
    user["client-certificate"] ||
    user["client-certificate-data"];
  const address = hasScheme ? server : `${isSecure ? "https" : "http"}://${server}`;
  if (!URL.canParse(address)) throw new Error("the kubeconfig's server is no URL");
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new Error(`the kubeconfig's server is no https:// URL (${url.protocol}//)`);
  }
  url.search = "";
  url.hash = "";
  return url;
}

/** One connection after the other, each with this certificate. */
function secureWay(
  cluster: KubeconfigCluster,
  url: URL,
  proxy: URL | undefined,
  authority: string | undefined,
  pair: KeyPair,
): RequestOptions {
  const serverName = cluster["tls-server-name"];
  const tls: ConnectionOptions = {
    secureContext: secureContext(authority, pair),
    ...(cluster["insecure-skip-tls-verify"] ? { rejectUnauthorized: false } : {}),
  };
  return {
    ...tls,
    ...(serverName ? { servername: serverName } : {}),
    // Behind a proxy, Node.js would compare the certificate with the proxy's name where the server is an address.
    checkServerIdentity: (_, certificate) => checkServerIdentity(serverName || hostOf(url), certificate),
    agent: proxy ? secureProxy(proxy, tls) : new HttpsAgent({ keepAlive: true }),
  } satisfies RequestOptions & ConnectionOptions;
}

function secureContext(authority: string | undefined, { certificate, key }: KeyPair): SecureContext {
  if (authority !== undefined && !authority.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("the kubeconfig's certificate authority is no PEM certificate");
  }
  try {
    return createSecureContext({ ca: authority ?? systemRoots(), cert: certificate, key });
  } catch {
    throw new Error("the kubeconfig's certificates or key cannot be read");
  }
}

/** What this machine trusts, as Go does; Node.js brings a list of its own for machines that have none. */
function systemRoots(): string[] {
  const system = getCACertificates("system");
  return system.length > 0 ? system : getCACertificates("default");
}

function plainProxy(proxy: URL): HttpAgent {
  return isSocks(proxy) ? socksProxy(proxy) : new HttpProxyAgent(proxy, { keepAlive: true });
}

/** A proxy that is itself reached by TLS is trusted as the cluster is: Go has one setting for both. */
function secureProxy(proxy: URL, tls: ConnectionOptions): HttpAgent {
  return isSocks(proxy) ? socksProxy(proxy) : new HttpsProxyAgent(proxy, { keepAlive: true, ...tls });
}

function isSocks({ protocol }: URL): boolean {
  return protocol === "socks5:" || protocol === "socks5h:";
}

/** Go leaves names to the proxy. */
function socksProxy(proxy: URL): HttpAgent {
  return new SocksProxyAgent(proxy.href.replace(/^socks5:/, "socks5h:"), { keepAlive: true });
}

const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

/** What `provideClusterInfo` tells a plugin: client-go's `ConfigToExecCluster`. */
function execCluster(cluster: KubeconfigCluster, server: string, authority: string | undefined): object {
  const config = cluster.extensions?.find(({ name }) => name === EXEC_EXTENSION)?.extension ?? null;
  return {
    server,
    ...(cluster["tls-server-name"] ? { "tls-server-name": cluster["tls-server-name"] } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { "insecure-skip-tls-verify": true } : {}),
    ...(authority ? { "certificate-authority-data": Buffer.from(authority).toString("base64") } : {}),
    ...(cluster["proxy-url"] ? { "proxy-url": cluster["proxy-url"] } : {}),
    ...(cluster["disable-compression"] ? { "disable-compression": true } : {}),
    config,
  };
}

/** Connections are kept until a plugin gives another pair. */
function untilChanged(way: (pair: KeyPair) => RequestOptions): (pair: KeyPair) => RequestOptions {
  let last: { readonly pair: KeyPair; readonly options: RequestOptions } | undefined;
  return (pair) => {
    const isSame = last?.pair.certificate === pair.certificate && last?.pair.key === pair.key;
    const current = last !== undefined && isSame ? last : { pair, options: way(pair) };
    last = current;
    return current.options;
  };
}
