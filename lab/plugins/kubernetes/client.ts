import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { cancelled, log } from "../provider";
import { field, isProps, type Props, strings, text, type Value } from "../values";

/** What a provider's arguments say; booleans and objects come as JSON strings. */
export interface Settings {
  /** Content, or the path of a file. */
  kubeconfig: string | undefined;
  context: string | undefined;
  /** How messages name the cluster. */
  identifier: string | undefined;
  namespace: string | undefined;
  timeoutSeconds: number;
  /** Keeps what the API server warns of to itself. */
  quiet: boolean;
}

/** The provider's switches that objects and releases depend on. */
export const switchNames = [
  "enableSecretMutable",
  "enableConfigMapMutable",
  "enablePatchForce",
  "upsertExistingObjects",
  "deleteUnreachable",
  "skipUpdateUnreachable",
] as const;
export type Switches = Partial<Record<(typeof switchNames)[number], boolean>>;

/** The API server's refusal. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** No answer from the API server. */
export class Unreachable extends Error {}

/** The active parts of a kubeconfig. */
export interface Access {
  server: string;
  cluster: Props;
  user: Props;
  context: string;
  namespace: string;
}

export function load(kubeconfig: string | undefined): Props[] {
  const inline = kubeconfig !== undefined && /[\n{]/.test(kubeconfig);
  const files = inline
    ? []
    : (kubeconfig || process.env.KUBECONFIG || path.join(os.homedir(), ".kube", "config")).split(":");
  const contents = inline
    ? [kubeconfig]
    : files.filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, "utf8"));
  try {
    return contents.map((content) => parse(content) as Value).filter(isProps);
  } catch {
    throw new Error("failed to parse kubeconfig"); // the parser's own words would quote it
  }
}

/** The cluster and user of a context, or of the current one. */
export function accessOf(kubeconfig: string | undefined, context: string | undefined): Access {
  const configs = load(kubeconfig);
  const name = context ?? configs.map((config) => text(config["current-context"])).find(Boolean) ?? "";
  const entry = (list: string, wanted: string, key: string): Props => {
    const all = configs.flatMap((config) => config[list] ?? []);
    const found = all.filter(isProps).find((item) => item.name === wanted)?.[key];
    if (isProps(found)) return found;
    throw new Error(`the kubeconfig has no ${key} '${wanted}': set the provider's kubeconfig and context`);
  };
  const active = entry("contexts", name, "context");
  const cluster = entry("clusters", text(active.cluster) ?? "", "cluster");
  const user = active.user === undefined ? {} : entry("users", text(active.user) ?? "", "user");
  for (const unsupported of ["exec", "auth-provider"])
    if (user[unsupported] !== undefined)
      throw new Error(
        `context '${name}' logs in by '${unsupported}', which the lab's stand-in lacks: use a certificate or token`,
      );
  return {
    server: text(cluster.server) ?? "",
    cluster,
    user,
    context: name,
    namespace: text(active.namespace) ?? "default",
  };
}

function tlsOptions({ cluster, user }: Access): https.AgentOptions {
  const pem = (from: Props, key: string) => {
    const [data, file] = [text(from[`${key}-data`]), text(from[key])];
    return data === undefined ? file && fs.readFileSync(file) : Buffer.from(data, "base64");
  };
  const [ca, cert, key] = [
    pem(cluster, "certificate-authority"),
    pem(user, "client-certificate"),
    pem(user, "client-key"),
  ];
  const servername = text(cluster["tls-server-name"]);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername && { servername }),
    rejectUnauthorized: cluster["insecure-skip-tls-verify"] !== true,
  };
}

/** How one kind is served. */
export interface Kind {
  namespaced: boolean;
  path(namespace: string | undefined, name?: string): string;
}

/** One API server, connected to at the first request. */
export class Client {
  private connection: { access: Access; agent: http.Agent; token: string | undefined } | undefined;
  private readonly kinds = new Map<string, Promise<Map<string, Kind>>>();

  /** It did not answer: what can be done without it need not ask again. */
  silent = false;

  constructor(readonly settings: Settings) {}

  get access(): Access {
    return this.connect().access;
  }

  private connect() {
    if (this.connection) return this.connection;
    const access = accessOf(this.settings.kubeconfig, this.settings.context);
    const options = { keepAlive: true, maxSockets: 8 };
    const secure = access.server.startsWith("https:");
    const agent = secure ? new https.Agent({ ...options, ...tlsOptions(access) }) : new http.Agent(options);
    const file = text(access.user.tokenFile);
    const token = text(access.user.token) ?? (file && fs.readFileSync(file, "utf8").trim());
    this.connection = { access, agent, token };
    return this.connection;
  }

  private unreachable(cause: string): Unreachable {
    this.silent = true;
    const { identifier } = this.settings;
    const server = this.connection?.access.server ?? "no server";
    return new Unreachable(
      `cluster${identifier ? ` "${identifier}"` : ""} is unreachable (${server}): ${cause}`,
    );
  }

  /** Opens a request and hands over the answer once its head has come. */
  private open(method: string, at: string, body?: string, type = "application/json", signal?: AbortSignal) {
    const { access, agent, token } = this.connect();
    const transport = access.server.startsWith("https:") ? https : http;
    const headers = {
      accept: "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": type, "content-length": Buffer.byteLength(body) }),
    };
    return new Promise<http.IncomingMessage>((resolve, reject) => {
      const signals = AbortSignal.any([cancelled.signal, ...(signal ? [signal] : [])]);
      const request = transport.request(access.server.replace(/\/+$/, "") + at, {
        method,
        agent,
        headers,
        signal: signals,
      });
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${this.settings.timeoutSeconds} s`)),
        this.settings.timeoutSeconds * 1000,
      );
      request.on("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(signals.aborted ? signals.reason : this.unreachable(error.message || String(error)));
      });
      request.end(body);
    });
  }

  async request(method: string, at: string, body?: Props | Props[], type?: string): Promise<Props> {
    const response = await this.open(method, at, body && JSON.stringify(body), type);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = Buffer.concat(chunks).toString();
    const status = response.statusCode ?? 0;
    const warnings = response.headers.warning?.matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g) ?? [];
    for (const [, warning = ""] of this.settings.quiet ? [] : warnings)
      log("warning", JSON.parse(warning), "");
    if (status < 300) return JSON.parse(answer);
    const failure = response.headers["content-type"]?.includes("json") ? JSON.parse(answer) : {};
    throw new ApiError(
      status,
      failure.reason ?? "",
      failure.message ?? `${method} ${at}: HTTP ${status} ${answer.slice(0, 200)}`,
    );
  }

  /** Events of a watch, until the server ends it. */
  async *watch(at: string, signal: AbortSignal): AsyncGenerator<Props> {
    const response = await this.open("GET", at, undefined, undefined, signal);
    let rest = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line);
    }
  }

  /** Finds a kind by discovery; `NoMatch` if the server does not serve it. */
  async kind(apiVersion: string, kind: string): Promise<Kind> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let found = this.kinds.get(root);
    found ??= this.request("GET", root).then((list) => {
      const served = new Map<string, Kind>();
      for (const entry of Array.isArray(list.resources) ? list.resources.filter(isProps) : []) {
        const [name, namespaced] = [text(entry.name) ?? "", entry.namespaced === true];
        if (name.includes("/") || !strings(entry.verbs).includes("get")) continue;
        const path = (namespace: string | undefined, object?: string) =>
          `${root}${namespaced ? `/namespaces/${namespace}` : ""}/${name}${object === undefined ? "" : `/${object}`}`;
        served.set(text(entry.kind) ?? "", { namespaced, path });
      }
      return served;
    });
    this.kinds.set(root, found);
    const missing = new ApiError(
      404,
      "NoMatch",
      `the cluster has no kind "${kind}" in "${apiVersion}": is its CRD installed?`,
    );
    try {
      const match = (await found).get(kind);
      if (match) return match;
    } catch (error) {
      this.kinds.delete(root);
      throw error instanceof ApiError && error.status === 404 ? missing : error;
    }
    this.kinds.delete(root);
    throw missing;
  }
}

/** `namespace/name`, or the name of a kind without namespaces. */
export function idOf(object: Props): string {
  const namespace = text(field(object, "metadata", "namespace"));
  return `${namespace ? `${namespace}/` : ""}${text(field(object, "metadata", "name"))}`;
}
