import { isIPv4, isIPv6 } from "node:net";
import { posix } from "node:path";

/** Where a server is, and the user that its address names. */
export interface ServerAddress {
  /** Without user, query and final slash. */
  readonly url: URL;
  /** The header of the address' user and password, which wins over all other credentials. */
  readonly authorization: string | undefined;
}

/**
 * The server of a kubeconfig as Go reads it (client-go `rest/url_utils.go`, `net/url`), where `URL` reads more, and
 * reads some otherwise. An address without a scheme is a plain one: client-go asks whether there is TLS before it
 * looks at the certificates (`clientcmd/client_config.go`, `ClientConfig`). A text: what it is instead.
 */
export function serverAddress(server: string): ServerAddress | string {
  const parts =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^?#]*)/i.exec(server) ?? /^()([^/?#]*)(\/?)$/.exec(server);
  if (parts === null || /\p{Cc}/u.test(server)) return "is no URL";
  const [, scheme = "", authority = "", path = ""] = parts;
  if (!/^(?:https?)?$/i.test(scheme)) return `is no https:// URL (${scheme.toLowerCase()}://)`;
  const at = authority.lastIndexOf("@");
  const authorization = at < 0 ? undefined : basicOf(authority.slice(0, at));
  const host = bracketed(authority.slice(at + 1));
  const text = `${scheme || "http"}://${host}`;
  const cleaned = cleanPath(path);
  if (
    /[ "<>\\^`{|}%]/.test(authority.slice(at + 1)) ||
    cleaned === undefined ||
    authorization === null ||
    !URL.canParse(text)
  ) {
    return "is no URL";
  }
  const url = new URL(text);
  // `URL` makes an address of 127.1, 0x7f.1 and 2130706433; Go takes them for names.
  if (isIPv4(url.hostname) && !host.startsWith(url.hostname)) {
    return "is an IPv4 address that is not four decimal numbers";
  }
  url.pathname = cleaned;
  return { url, authorization };
}

/** Go takes an IPv6 address without brackets, if a port follows. */
function bracketed(host: string): string {
  const [, address = "", port = ""] = /^([^[\]]*):(\d*)$/.exec(host) ?? [];
  return isIPv6(address) ? `[${address}]:${port}` : host;
}

function cleanPath(path: string): string | undefined {
  const decoded = decode(path);
  return decoded === undefined
    ? undefined
    : posix
        .join("/", decoded)
        .replace(/(?<=.)\/$/, "")
        .replaceAll("%", "%25");
}

/** `null`: it cannot be read. */
function basicOf(user: string): string | null {
  const [name = "", ...password] = user.split(":");
  const decoded = [decode(name), decode(password.join(":"))];
  return decoded.includes(undefined) ? null : `Basic ${Buffer.from(decoded.join(":")).toString("base64")}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
