import { request as plainRequest } from "node:http";
import { type RequestOptions, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { OutputRef } from "../fleet/config/common";
import { type Connection, connect } from "./connection";
import { readStored } from "./outputs";
import { readAccess } from "./ownKubeconfig";

/** What became of one read. That something is not there, or a cluster does not answer, is no exception. */
export type Read<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "missing" }
  | {
      readonly state: "failed";
      /** `denied`: it answered, and does not let us. */
      readonly why: "unreachable" | "denied" | "other";
      /** For people, with no credential in it. */
      readonly message: string;
    };

export type PolicyRules = z.infer<typeof rules>["status"];

/** One cluster, as whoever runs the program. Everything but `remove` and `merge` only reads. */
export interface LiveCluster {
  readonly name: string;
  /**
   * One object (or any other answer) at a path of the API, such as `/api/v1/namespaces/linkerd/secrets/x`. `within`:
   * how many ms it may take, where it is less than for other reads.
   */
  get<T>(path: string, shape: z.ZodType<T>, within?: number): Promise<Read<T>>;
  /** One object without all but its metadata. */
  metadata<T>(path: string, shape: z.ZodType<T>): Promise<Read<T>>;
  /** All items at a path, page by page, for five minutes at most. `missing`: the cluster does not know the kind. */
  list<T>(path: string, item: z.ZodType<T>): Promise<Read<T[]>>;
  /**
   * What the holder of a token may do in one namespace, as the cluster itself says. `denied`: it takes no such token.
   */
  rulesOf(token: string, namespace: string): Promise<Read<PolicyRules>>;
  /** Deletes the object at a path; `missing` if there was none. */
  remove(path: string): Promise<Read<unknown>>;
  /** Changes the object at a path by a JSON merge patch; `missing` if there is none. */
  merge(path: string, change: object): Promise<Read<unknown>>;
}

/** A cluster that has not answered by then is unreachable; the same as the providers' `kubeClientSettings`. */
const TIMEOUT_MS = 10_000;
/** Requests to one cluster at a time: enough to hide the distance, few for an API server. */
const CONNECTIONS = 6;
const PAGE = 500;
/** An API server keeps the rest of a list for that long (etcd's compaction). */
const LIST_WITHIN_MS = 300_000;

/** How a cluster is reached: a context, a kubeconfig as the outputs name it, or both. */
export interface ClusterContact {
  readonly context?: string | undefined;
  readonly kubeconfig?: string | OutputRef | undefined;
}

/** A client for each cluster of the plan. One that cannot be opened answers every read with the reason. */
export async function openClusters(
  clusters: Readonly<Record<string, ClusterContact>>,
  stack: string | undefined,
): Promise<Map<string, LiveCluster>> {
  const opened = await inParallel(Object.entries(clusters), 4, async ([name, { context, kubeconfig }]) => {
    const content = kubeconfig === undefined ? undefined : await attempt(() => readStored(kubeconfig, stack));
    return [name, openCluster(name, context, content)] as const;
  });
  return new Map(opened);
}

/** One cluster, through the caller's own kubeconfig where none is given; else by a kubeconfig's content. */
export function openCluster(
  name: string,
  context: string | undefined,
  kubeconfig: Read<string> | undefined,
): LiveCluster {
  const client = once(async () => {
    if (kubeconfig !== undefined && kubeconfig.state !== "found") return kubeconfig;
    return attempt(async () => connect(readAccess(context, kubeconfig?.value)));
  });
  const turn = gate(CONNECTIONS);
  // A dead cluster costs one timeout, not one for each read.
  let dead: Read<never> | undefined;

  async function ask<T>(shape: z.ZodType<T>, path: string, question: Question = GET): Promise<Read<T>> {
    const found = await client();
    if (found.state !== "found") return found;
    const { value } = found;
    const read = await turn(async () => dead ?? send(value, path, shape, question));
    if (read.state === "failed" && read.why === "unreachable") dead = read;
    return read;
  }

  return {
    name,
    get: (path, shape, within = TIMEOUT_MS) => ask(shape, path, { ...GET, within }),
    metadata: (path, shape) => ask(shape, path, { ...GET, accept: METADATA }),
    async list<T>(path: string, item: z.ZodType<T>): Promise<Read<T[]>> {
      const page = z.object({
        metadata: z.object({ continue: z.string().optional() }),
        items: z.array(item),
      });
      const items: T[] = [];
      const first = `${path}${path.includes("?") ? "&" : "?"}limit=${PAGE}`;
      const until = Date.now() + LIST_WITHIN_MS;
      for (let next = first; Date.now() < until; ) {
        const read = await ask(page, next);
        if (read.state !== "found") return read;
        items.push(...read.value.items);
        const token = read.value.metadata.continue;
        if (!token) return { state: "found", value: items };
        next = `${first}&continue=${encodeURIComponent(token)}`;
      }
      return failed("other", `${path.split("?")[0]} has no end within ${LIST_WITHIN_MS / 1000} s`);
    },
    async rulesOf(token, namespace) {
      const review = { method: "POST", token, body: JSON.stringify({ spec: { namespace } }) } as const;
      const read = await ask(rules, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review);
      return read.state === "found" ? { state: "found", value: read.value.status } : read;
    },
    remove: (path) => ask(z.unknown(), path, { method: "DELETE" }),
    merge: (path, change) => ask(z.unknown(), path, { method: "PATCH", body: JSON.stringify(change) }),
  };
}

interface Question {
  readonly method: "GET" | "POST" | "DELETE" | "PATCH";
  /** Asked with this token and no other credential. */
  readonly token?: string;
  readonly body?: string;
  /** The form of the answer. Default: all of it. */
  readonly accept?: string;
  /** How many ms it may take. */
  readonly within?: number;
}

const GET: Question = { method: "GET" };

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

const rules = z.object({
  status: z.object({
    /** Whether an authorizer of the cluster cannot list its rules: there may be more. */
    incomplete: z.boolean(),
    resourceRules: z.array(
      z.object({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()).default([]),
        resources: z.array(z.string()).default([]),
        resourceNames: z.array(z.string()).default([]),
      }),
    ),
  }),
});

async function send<T>(
  { server, options, anonymous, refused }: Connection,
  path: string,
  shape: z.ZodType<T>,
  question: Question,
): Promise<Read<T>> {
  const answer = await attempt(async () => {
    const base = question.token === undefined ? await options() : anonymous;
    return exchangeInTime(`${server}${path}`, base, question);
  });
  if (answer.state !== "found") return answer;
  const { status, body } = answer.value;
  if (status === 401 && question.token === undefined) refused();
  if (status === 404) return { state: "missing" };
  if (status === 401 || status === 403) return failed("denied", messageOf(body) ?? `it answers ${status}`);
  if (status < 200 || status > 299) return failed("other", messageOf(body) ?? `it answers ${status}`);
  const parsed = shape.safeParse(parseJson(body));
  if (parsed.success) return { state: "found", value: parsed.data };
  const where = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
  return failed("other", `${path.split("?")[0]} has an unexpected form (${where})`);
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** How many ms the API server wants us to wait before we ask again. */
  readonly waitMs?: number;
}

/**
 * Asks again when the API server says so, as kubectl does (client-go `rest/with_retry.go`): one that is busy, or has
 * just got the kind, answers 429 with `Retry-After`. What has no time left is the last answer.
 */
async function exchangeInTime(url: string, base: RequestOptions, question: Question): Promise<Answer> {
  const until = Date.now() + (question.within ?? TIMEOUT_MS);
  for (;;) {
    const answer = await exchange(url, base, { ...question, within: Math.max(until - Date.now(), 1) });
    if (answer.waitMs === undefined || Date.now() + answer.waitMs >= until) return answer;
    await sleep(answer.waitMs);
  }
}

function exchange(
  url: string,
  base: RequestOptions,
  { method, token, body: question, accept = "application/json", within = TIMEOUT_MS }: Question,
): Promise<Answer> {
  const headers = {
    ...base.headers,
    accept,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(question === undefined
      ? {}
      : { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" }),
  };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(within);
    const ask = url.startsWith("http:") ? plainRequest : request;
    const asked = ask(url, { ...base, method, headers, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        const isBusy = status === 429 || status > 499;
        const seconds = /^\d+$/.exec(headers["retry-after"] ?? "")?.[0];
        resolve({ status, body, ...(isBusy && seconds ? { waitMs: Number(seconds) * 1000 } : {}) });
      });
      response.on("error", reject);
    });
    asked.on("error", (error) =>
      reject(signal.aborted ? new Error(`no answer within ${Math.ceil(within / 1000)} s`) : error),
    );
    // A proxy's refusal comes as if it were the cluster's answer: its 404 would be an object that is not there.
    asked.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) asked.destroy(new Error(`the proxy answers ${statusCode}`));
    });
    asked.end(question);
  });
}

/** The words of a Kubernetes `Status`. */
function messageOf(body: string): string | undefined {
  const status = z.object({ message: z.string() }).safeParse(parseJson(body));
  return status.success ? status.data.message : undefined;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<Read<T>> {
  try {
    return { state: "found", value: await work() };
  } catch (error) {
    return failed("unreachable", error instanceof Error ? error.message : String(error));
  }
}

function failed(why: "unreachable" | "denied" | "other", message: string): Read<never> {
  return { state: "failed", why, message };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/** Does the work of all items, at most `limit` at a time; the results are in the order of the items. */
export function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const turn = gate(limit);
  return Promise.all(items.map((item) => turn(() => work(item))));
}

function gate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
