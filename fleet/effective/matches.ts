import type { GrpcMatch, HttpMatch, NamedMatch } from "./shapes";

/** One HTTP request, as far as routes look at it. A missing part is not known. */
export interface HttpRequest {
  readonly method: string;
  /** As it is sent, from the first `/` to before any `?`. */
  readonly path: string;
  /** The path is not known, but that this expression takes the whole of it. */
  readonly fits?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

export interface Matched {
  /** The greater, the better; compared number by number. */
  readonly rank: readonly number[];
  /** Whether it matches for sure, not only if what is not known of the request is right. */
  readonly sure: boolean;
}

/**
 * linkerd2-proxy `http/route/src/http/match.rs`: the longest path, then most headers, most parameters, then a method.
 */
export function matchHttp(
  { path, method, headers, queryParams }: HttpMatch,
  request: HttpRequest,
): Matched | undefined {
  if (method != null && method !== request.method) return undefined;
  const conditions = [named(headers, request.headers, fold), named(queryParams, request.query, same)];
  // Without a path, any one; only a rule without matches counts as the prefix `/`.
  const part = path ? partOf(path, request) : { length: 1, sure: true };
  if (!part || conditions.includes(undefined)) return undefined;
  return {
    rank: [part.length, headers.length, queryParams.length, method == null ? 0 : 1],
    sure: part.sure && !conditions.includes(false),
  };
}

/**
 * linkerd2-proxy `http/route/src/grpc/match.rs`: POST to `/<service>/<method>`, the longest names, then most headers.
 */
export function matchGrpc({ method, headers }: GrpcMatch, request: HttpRequest): Matched | undefined {
  const [before, service, call] = request.path.split("/");
  if (request.method !== "POST" || before !== "" || service === undefined || call === undefined)
    return undefined;
  const wanted = { service: method?.service || undefined, method: method?.method || undefined };
  if ((wanted.service ?? service) !== service || (wanted.method ?? call) !== call) return undefined;
  const sure = named(headers, request.headers, fold);
  if (sure === undefined) return undefined;
  return { rank: [wanted.service?.length ?? 0, wanted.method?.length ?? 0, headers.length, 0], sure };
}

/** linkerd2-proxy `http/route/src/http/match/host.rs`: a whole name before a suffix, then the longer. */
export function matchHost(hostname: string, { host }: HttpRequest): Matched | undefined {
  const isSuffix = hostname.startsWith("*.");
  const length = isSuffix ? hostname.length - 1 : hostname.length;
  const matched = { rank: [isSuffix ? 1 : 2, length], sure: host !== undefined };
  if (host === undefined) return matched;
  const [wanted, asked] = [hostname, host].map((name) => name.toLowerCase().replace(/\.$/, ""));
  const isIt = isSuffix ? asked?.endsWith(wanted?.slice(1) ?? "") : asked === wanted;
  return isIt ? matched : undefined;
}

interface Part {
  readonly length: number;
  readonly sure: boolean;
}

/** How much of the path a match takes; linkerd2-proxy `http/route/src/http/match/path.rs`. */
function partOf(
  { type, value }: NonNullable<HttpMatch["path"]>,
  { path, fits }: HttpRequest,
): Part | undefined {
  const wanted = value ?? "/";
  if (fits !== undefined) return partOfFitting(type, wanted, fits);
  if (type === "RegularExpression") {
    const taken = takesWhole(wanted, path);
    return taken === false ? undefined : { length: path.length, sure: taken === true };
  }
  const length = type === "Exact" ? exactLength(wanted, path) : prefixLength(wanted, path);
  return length === undefined ? undefined : { length, sure: true };
}

/** An expression takes the whole path, and nothing takes more. */
const WHOLE_PATH = Number.MAX_SAFE_INTEGER;

function partOfFitting(type: string | null | undefined, wanted: string, fits: string): Part | undefined {
  if (type === "RegularExpression") return { length: WHOLE_PATH, sure: wanted === fits };
  const { length } = wanted;
  if (type === "Exact") return takesWhole(fits, wanted) === false ? undefined : { length, sure: false };
  const [prefix, head] = [`${trimmed(wanted)}/`, literalHead(fits)];
  if (wanted === "/" || head.startsWith(prefix))
    return { length: Math.max(prefix.length - 1, 1), sure: true };
  return prefix.startsWith(head) ? { length, sure: false } : undefined;
}

/** What every text begins with that an expression takes. */
function literalHead(expression: string): string {
  if (/[|]|\(\?/.test(expression)) return "";
  const [head = ""] = /^[-\w/%~!@#&=:;,'" ]*/.exec(expression) ?? [];
  return /^[?*{]/.test(expression.slice(head.length)) ? head.slice(0, -1) : head;
}

function exactLength(wanted: string, path: string): number | undefined {
  return path === wanted ? wanted.length : undefined;
}

/** By whole segments. */
function prefixLength(wanted: string, path: string): number | undefined {
  if (wanted === "/") return 1;
  const prefix = trimmed(wanted);
  return `${trimmed(path)}/`.startsWith(`${prefix}/`) ? prefix.length : undefined;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

const fold = (name: string) => name.toLowerCase();
const same = (name: string) => name;

/** Whether all of them hold: `undefined` for no, `false` for only if what is not known is right. */
function named(
  matches: readonly NamedMatch[],
  given: Readonly<Record<string, string>> | undefined,
  spelling: (name: string) => string,
): boolean | undefined {
  if (matches.length === 0) return true;
  if (!given) return false;
  const values = new Map(Object.entries(given).map(([name, value]) => [spelling(name), value]));
  const held = matches.map(({ type, name, value: wanted }) => {
    const actual = values.get(spelling(name));
    if (actual === undefined) return false;
    return type === "RegularExpression" ? takesWhole(wanted, actual) : actual === wanted;
  });
  return held.includes(false) ? undefined : !held.includes(undefined);
}

/**
 * The proxy anchors expressions at both ends. `undefined`: it is one that JavaScript does not have, or reads otherwise
 * than Rust, as two sets of characters in one.
 */
function takesWhole(expression: string, text: string): boolean | undefined {
  if (/&&|--|~~/.test(expression)) return undefined;
  try {
    // Without Unicode, JavaScript takes `\A` for an A.
    return new RegExp(expression, "u").exec(text)?.[0] === text;
  } catch {
    return undefined;
  }
}

/** What Rust's expressions do not have: looking ahead or back, and groups again. */
export function isNoExpression(expression: string): boolean {
  const parts = expression.match(/\\.|\(\?<?[=!]|./gs) ?? [];
  return parts.some((part) => /^(\\[1-9]|\(\?<?[=!])$/.test(part));
}
