import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { isIP, isIPv6 } from "node:net";
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type PeerCertificate,
  type SecureContext,
} from "node:tls";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { SocksProxyAgent } from "socks-proxy-agent";
import { certificatesOf } from "../fleet/clusters/certificates";
import type { Access, KubeconfigCluster, KubeconfigUser } from "../fleet/clusters/kubeconfig";
import { serverAddress } from "../fleet/clusters/serverAddress";
import { authorizationOf, bearer, bytes, impersonation } from "./credentials";
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
  const address = serverAddress(cluster.server ?? "");
  if (typeof address === "string") throw new Error(`the kubeconfig's server ${address}`);
  const { url, authorization: ofAddress } = address;
  const server = url.href.replace(/\/$/, "");
  const proxy = cluster["proxy-url"] ? new URL(cluster["proxy-url"]) : proxyOf(url, process.env);
  const files = filesOf(cluster, user);
  const headers = impersonation(user);
  if (url.protocol === "http:") {
    // client-go sends no credential over a plain connection, but for one of the address itself.
    const agent = proxy ? plainProxy(proxy) : new HttpAgent({ keepAlive: true });
    const own = { agent, headers: { ...headers, ...(ofAddress ? { authorization: ofAddress } : {}) } };
    return { server, options: async () => own, anonymous: { agent }, refused: () => undefined };
  }
  const { authority, pair } = files;
  const way = (pair: KeyPair) => secureWay(cluster, url, proxy, authority, pair);
  const anonymous = way({});
  const own = pair.certificate === undefined ? anonymous : way(pair);
  const authorization = ofAddress === undefined ? authorizationOf(user) : () => ofAddress;
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
      return withHeader(base, token === "" ? undefined : bearer(token));
    },
  };
}

/** Go opens the files of a kubeconfig also where it does not need them. */
function filesOf(cluster: KubeconfigCluster, user: KubeconfigUser) {
  const certificate = bytes(user["client-certificate-data"], user["client-certificate"]);
  return {
    authority: bytes(cluster["certificate-authority-data"], cluster["certificate-authority"]),
    pair:
      certificate === undefined
        ? {}
        : { certificate, key: bytes(user["client-key-data"], user["client-key"]) },
  };
}

interface KeyPair {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** One connection after the other, each with this certificate. */
function secureWay(
  cluster: KubeconfigCluster,
  url: URL,
  proxy: URL | undefined,
  authority: string | undefined,
  pair: KeyPair,
): RequestOptions {
  const name = cluster["tls-server-name"] || hostOf(url);
  const tls: ConnectionOptions = {
    secureContext: secureContext(authority, pair),
    ...(cluster["insecure-skip-tls-verify"] ? { rejectUnauthorized: false } : {}),
  };
  return {
    ...tls,
    // As Go does: a name without its final dot, and no address.
    servername: isIP(name) ? "" : name.replace(/\.$/, ""),
    // Behind a proxy, Node.js would compare the certificate with the proxy's name where the server is an address.
    checkServerIdentity: (_, certificate) => identityProblem(name, certificate),
    agent: proxy ? secureProxy(proxy, tls) : new HttpsAgent({ keepAlive: true }),
  } satisfies RequestOptions & ConnectionOptions;
}

/** Node.js 22 takes an IPv6 address for a name here (`lib/tls.js`, `checkServerIdentity`), and finds it in none. */
function identityProblem(name: string, certificate: PeerCertificate): Error | undefined {
  if (!isIPv6(name)) return checkServerIdentity(name, certificate);
  if (new X509Certificate(certificate.raw).checkIP(name) !== undefined) return undefined;
  return new Error(`the certificate of the cluster's API server is not for ${name}`);
}

function secureContext(authority: string | undefined, { certificate, key }: KeyPair): SecureContext {
  // Go takes a file without anything in it for none.
  const trusted = authority ? certificatesOf(authority) : systemRoots();
  if (trusted.length === 0) throw new Error("the kubeconfig's certificate authority is no PEM certificate");
  if (certificate === "") throw new Error("the kubeconfig's client certificate is empty");
  try {
    return createSecureContext({ ca: trusted, cert: certificate, key });
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
