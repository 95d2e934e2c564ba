import { z } from "zod";
import { readGoYaml } from "./goYaml";
import { serverAddress } from "./serverAddress";

/**
 * Kubeconfigs as client-go reads them, for kubectl and the engine's provider read with it: `tools/clientcmd` and
 * `transport` in k8s.io/client-go. A message never quotes a value of a kubeconfig, only names and paths.
 */
export interface Kubeconfig {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

/** How one context reaches its cluster, and as whom. */
export interface Access {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
}

/** The requested connection, or the reason why there is none. */
export type Result<T> = { readonly value: T } | { readonly problem: string };

/** Go's decoder takes null for what is not there, also in a list. */
const text = z.string().nullish();
const flag = z.boolean().nullish();
const listed = z
  .string()
  .nullable()
  .transform((value) => value ?? "");
const texts = z.array(listed).nullish();
const list = <T extends z.ZodType>(entry: T) =>
  z.array(z.preprocess((value) => value ?? {}, entry)).nullish();
/** Go's decoder takes base64 with line breaks. */
const base64 = text.refine(
  (value) =>
    !value ||
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.replace(/[\r\n]/g, "")),
);
const extensions = list(z.object({ name: text, extension: z.unknown().optional() })).refine(
  (entries) => new Set(entries?.map(({ name }) => name ?? "")).size === (entries?.length ?? 0),
);

const cluster = z.object({
  server: text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": flag,
  "certificate-authority": text,
  "certificate-authority-data": base64,
  "proxy-url": text,
  "disable-compression": flag,
  extensions,
});
export type KubeconfigCluster = z.infer<typeof cluster>;

const exec = z.object({
  apiVersion: text,
  command: text,
  args: texts,
  env: list(z.object({ name: text, value: text })),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
});
export type ExecPlugin = z.infer<typeof exec>;

const user = z.object({
  "client-certificate": text,
  "client-certificate-data": base64,
  "client-key": text,
  "client-key-data": base64,
  token: text,
  tokenFile: text,
  as: text,
  "as-uid": text,
  "as-groups": texts,
  "as-user-extra": z.record(z.string(), texts).nullish(),
  username: text,
  password: text,
  "auth-provider": z.object({ name: text, config: z.record(z.string(), listed).nullish() }).nullish(),
  exec: exec.nullish(),
  extensions,
});
export type KubeconfigUser = z.infer<typeof user>;

const context = z.object({ cluster: text, user: text, namespace: text, extensions });
export type KubeconfigContext = z.infer<typeof context>;

const kubeconfig = z
  .object({
    apiVersion: z.literal("v1").or(z.literal("")).nullish(),
    kind: z.literal("Config").or(z.literal("")).nullish(),
    preferences: z.object({ colors: flag, extensions }).nullish(),
    "current-context": text,
    clusters: list(z.object({ name: text, cluster: cluster.nullish() })),
    users: list(z.object({ name: text, user: user.nullish() })),
    contexts: list(z.object({ name: text, context: context.nullish() })),
    extensions,
  })
  .nullable();

/** Placeholders that `kubectl config view` prints for secrets and certificates without `--raw`. */
const MASKS: ReadonlySet<unknown> = new Set(["DATA+OMITTED", "REDACTED"]);

/** One file's content, YAML or JSON. Nothing in it makes a kubeconfig without entries, as for kubectl. */
export function parseKubeconfig(content: string): Result<Kubeconfig> {
  const read = readGoYaml(content);
  if (read === undefined) return { problem: "cannot be read as YAML" };
  const parsed = kubeconfig.safeParse(read.value);
  if (!parsed.success) return { problem: misfit(read.value, parsed.error) };
  const { clusters, users, contexts, "current-context": current } = parsed.data ?? {};
  const lists = {
    clusters: named(clusters, ({ cluster: found }) => found ?? {}),
    users: named(users, ({ user: found }) => found ?? {}),
    contexts: named(contexts, ({ context: found }) => found ?? {}),
  };
  for (const [list, { twice }] of Object.entries(lists)) {
    if (twice !== undefined) return { problem: `has two entries "${twice}" in ${list}` };
  }
  return {
    value: {
      currentContext: current ?? "",
      clusters: lists.clusters.entries,
      users: lists.users.entries,
      contexts: lists.contexts.entries,
    },
  };
}

/** Why a kubeconfig that is YAML cannot be read. Quotes no value. */
function misfit(read: unknown, { issues }: z.ZodError): string {
  if (typeof read !== "object" || Array.isArray(read)) return "is no kubeconfig: it is no map with clusters";
  const paths = issues.map(({ path }) => path.map(String).join(".")).join(", ");
  return `is no kubeconfig: ${paths} cannot be read`;
}

function named<E extends { name?: string | null | undefined }, V>(
  list: readonly E[] | null | undefined,
  value: (entry: E) => V,
): { entries: Map<string, V>; twice: string | undefined } {
  const entries = new Map<string, V>();
  for (const entry of list ?? []) {
    const name = entry.name ?? "";
    if (entries.has(name)) return { entries, twice: name };
    entries.set(name, value(entry));
  }
  return { entries, twice: undefined };
}

/** Several files as one: the first that has an entry of a name, or a current context, wins. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const first = <V>(list: (config: Kubeconfig) => ReadonlyMap<string, V>) =>
    new Map([...configs].reverse().flatMap((config) => [...list(config)]));
  return {
    currentContext: configs.map(({ currentContext }) => currentContext).find((name) => name !== "") ?? "",
    clusters: first(({ clusters }) => clusters),
    users: first(({ users }) => users),
    contexts: first(({ contexts }) => contexts),
  };
}

/** The cluster and the user of a context, or of the current one. Only what it names has to be whole. */
export function accessOf(config: Kubeconfig, name: string | undefined): Result<Access> {
  const wanted = name || config.currentContext;
  if (wanted === "") return { problem: "has no current context" };
  const found = config.contexts.get(wanted);
  if (found === undefined) return { problem: `has no context "${wanted}"; ${known(config)}` };
  const clusterName = found.cluster ?? "";
  const userName = found.user ?? "";
  const cluster = config.clusters.get(clusterName);
  const user = userName === "" ? {} : config.users.get(userName);
  if (cluster === undefined) return { problem: lacks(wanted, "cluster", clusterName) };
  // kubectl asks as nobody then, which a cluster refuses without a word of the reason.
  if (user === undefined) return { problem: lacks(wanted, "user", userName) };
  if ([...Object.values(cluster), ...Object.values(user)].some((value) => MASKS.has(value))) {
    return { problem: "has its secrets left out: `kubectl config view` prints them only with `--raw`" };
  }
  const [problem] = [...clusterProblems(clusterName, cluster), ...userProblems(userName, user)];
  return problem === undefined ? { value: { cluster, user } } : { problem };
}

/** Whether a user says who asks. kubectl, where nobody does, asks the person at the terminal. */
export function identifiesSomeone(user: KubeconfigUser): boolean {
  const { token, tokenFile, username, exec } = user;
  const certificate = user["client-certificate"] || user["client-certificate-data"];
  return Boolean(token || tokenFile || username || certificate || exec || user["auth-provider"]);
}

function known({ contexts }: Kubeconfig): string {
  const names = [...contexts.keys()];
  return names.length === 0 ? "it has none" : `it has ${names.map((name) => `"${name}"`).join(", ")}`;
}

function lacks(context: string, kind: "cluster" | "user", name: string): string {
  return name === ""
    ? `names no ${kind} for the context "${context}"`
    : `has no ${kind} "${name}", which the context "${context}" names`;
}

/** As client-go's `validateClusterInfo`. */
function clusterProblems(name: string, cluster: KubeconfigCluster): string[] {
  const problems: string[] = [];
  const address = cluster.server ? serverAddress(cluster.server) : undefined;
  if (address === undefined) problems.push(`has no server for the cluster "${name}"`);
  if (typeof address === "string") problems.push(`has a server for the cluster "${name}" that ${address}`);
  if (cluster["proxy-url"] && !isProxy(cluster["proxy-url"])) {
    problems.push(`has a proxy-url for the cluster "${name}" that is no http://, https:// or socks5:// URL`);
  }
  const authority = cluster["certificate-authority"];
  const data = cluster["certificate-authority-data"];
  if (authority && data) {
    problems.push(
      `has both certificate-authority and certificate-authority-data for the cluster "${name}": keep one`,
    );
  }
  if ((authority || data) && cluster["insecure-skip-tls-verify"]) {
    problems.push(
      `has both a certificate authority and insecure-skip-tls-verify for the cluster "${name}": keep one`,
    );
  }
  return problems;
}

function isProxy(url: string): boolean {
  return /^(?:https?|socks5):\/\/[^\s/]/i.test(url) && !/[\p{Cc} ]/u.test(url) && URL.canParse(url);
}

/** As client-go's `validateAuthInfo`. */
function userProblems(name: string, user: KubeconfigUser): string[] {
  const problems: string[] = [];
  const both = (one: keyof KubeconfigUser, other: keyof KubeconfigUser) => {
    if (user[one] && user[other])
      problems.push(`has both ${one} and ${other} for the user "${name}": keep one`);
  };
  both("client-certificate", "client-certificate-data");
  if (user["client-certificate"] || user["client-certificate-data"]) {
    both("client-key", "client-key-data");
    if (!user["client-key"] && !user["client-key-data"]) {
      problems.push(`has a client certificate without its client-key for the user "${name}"`);
    }
  }
  if (user.token) {
    both("token", "username");
    if (!user.username) both("token", "password");
  }
  if (user.tokenFile) both("tokenFile", "username");
  const sent = {
    token: [user.token],
    as: [user.as],
    "as-uid": [user["as-uid"]],
    "as-groups": user["as-groups"],
  };
  const extra = Object.keys(user["as-user-extra"] ?? {});
  for (const [key, values] of Object.entries({
    ...sent,
    "as-user-extra": Object.values(user["as-user-extra"] ?? {}).flat(),
  })) {
    if (values?.some((value) => value && !isHeaderText(value))) {
      problems.push(`has ${key} with a line break or control character for the user "${name}"`);
    }
  }
  if (!user.as && (user["as-uid"] || user["as-groups"]?.length || extra.length > 0)) {
    problems.push(`has as-uid, as-groups or as-user-extra without \`as\` for the user "${name}"`);
  }
  if (user.exec) {
    if (user["auth-provider"]) both("exec", "auth-provider");
    problems.push(...execProblems(user.exec).map((problem) => `${problem} for the user "${name}"`));
  }
  return problems;
}

/** What a request can carry: neither Go nor Node.js sends the others. */
export function isHeaderText(text: string): boolean {
  return !/[^\P{Cc}\t]/u.test(text);
}

export const EXEC_API = "client.authentication.k8s.io";

function execProblems({ apiVersion, command, env, interactiveMode }: ExecPlugin): string[] {
  const problems: string[] = [];
  if (!command) problems.push("has an exec plugin without a command");
  if (!apiVersion) problems.push("has an exec plugin without an apiVersion");
  else if (apiVersion !== `${EXEC_API}/v1` && apiVersion !== `${EXEC_API}/v1beta1`) {
    problems.push(`has an exec plugin whose apiVersion is neither ${EXEC_API}/v1 nor ${EXEC_API}/v1beta1`);
  }
  if (env?.some(({ name }) => !name)) problems.push("has an exec plugin with an env entry without a name");
  if (!interactiveMode) {
    if (apiVersion === `${EXEC_API}/v1`) problems.push("has an exec plugin without an interactiveMode");
  } else if (!/^(?:Never|IfAvailable|Always)$/.test(interactiveMode)) {
    problems.push("has an exec plugin whose interactiveMode is not Never, IfAvailable or Always");
  }
  return problems;
}
