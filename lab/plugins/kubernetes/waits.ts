import { setTimeout as sleep } from "node:timers/promises";
import { type Call, cancelled, log } from "../provider";
import { field, isProps, type Props, text, type Value } from "../values";
import { ApiError, type Client } from "./client";

/** Why an object is not ready yet; `undefined` when it is. Throws what can never become ready. */
export type Wait = (object: Props) => string | undefined;

const annotation = (object: Props, key: string) =>
  text(field(object, "metadata", "annotations", `pulumi.com/${key}`));

const condition = (object: Props, type: string) => {
  const all = field(object, "status", "conditions");
  return Array.isArray(all) ? all.filter(isProps).find((entry) => entry.type === type) : undefined;
};

const conditionWait =
  (type: string, status = "True"): Wait =>
  (object) =>
    text(condition(object, type)?.status)?.toLowerCase() === status.toLowerCase()
      ? undefined
      : `condition ${type}=${status}`;

const current = (object: Props) =>
  Number(field(object, "status", "observedGeneration") ?? Number.POSITIVE_INFINITY) >=
  Number(field(object, "metadata", "generation") ?? 0);

/** `jsonpath={.a.b[0]['c.d']}` or `jsonpath={.a}=value`, or `condition=Type[=Status]`. */
function customWait(expression: string): Wait {
  const named = /^condition=([^=]+)(?:=(.*))?$/.exec(expression);
  if (named) return conditionWait(named[1] ?? "", named[2]);
  const [, path, value] = /^jsonpath=\{?\.?([^{}=]+?)\}?(?:=(.*))?$/.exec(expression) ?? [];
  if (path === undefined)
    throw new Error(
      `pulumi.com/waitFor: '${expression}' is neither 'jsonpath={.path}[=value]' nor 'condition=Type[=Status]'`,
    );
  const keys = [...path.matchAll(/\['([^']+)'\]|\[(\d+)\]|((?:\\.|[^.[\]])+)/g)].map(
    ([, quoted, index, word]) => quoted ?? index ?? (word ?? "").replaceAll("\\", ""),
  );
  return (object) => {
    let found: Value | undefined = object;
    for (const key of keys) found = Array.isArray(found) ? found[Number(key)] : field(found, key);
    const matches =
      value === undefined ? found !== undefined && found !== null && found !== "" : String(found) === value;
    return matches && current(object) ? undefined : expression;
  };
}

const builtIn: Record<string, Wait> = {
  "apps/v1/Deployment": (object) => {
    const {
      replicas = 0,
      updatedReplicas = 0,
      availableReplicas = 0,
    } = (object.status ?? {}) as Record<string, number>;
    const wanted = Number(field(object, "spec", "replicas") ?? 1);
    if (condition(object, "Progressing")?.reason === "ProgressDeadlineExceeded")
      throw new Error(`the rollout made no progress: ${text(condition(object, "Progressing")?.message)}`);
    if (
      object.status !== undefined &&
      current(object) &&
      updatedReplicas >= wanted &&
      availableReplicas >= wanted &&
      replicas === updatedReplicas
    )
      return undefined;
    return `rollout (${availableReplicas} of ${wanted} available, ${updatedReplicas} updated)`;
  },
  "v1/Service": (object) => {
    const pending =
      field(object, "spec", "type") === "LoadBalancer" && !field(object, "status", "loadBalancer", "ingress");
    return pending ? "an address from the load balancer" : undefined;
  },
  "v1/Secret": (object) => {
    const pending = object.type === "kubernetes.io/service-account-token" && !field(object, "data", "token");
    return pending ? "the token of the service account" : undefined;
  },
  "v1/Namespace": (object) => (field(object, "status", "phase") === "Active" ? undefined : "phase Active"),
  "apiextensions.k8s.io/v1/CustomResourceDefinition": conditionWait("Established"),
  "batch/v1/Job": (object) => {
    const failed = condition(object, "Failed");
    if (failed?.status === "True") throw new Error(`the job failed: ${text(failed.message)}`);
    return conditionWait("Complete")(object);
  },
};

/** What to wait for after a create or an update, and for how long. */
export function waitOf(inputs: Props, kind: string, call: Call): { wait: Wait; seconds: number } {
  const seconds = Number(annotation(inputs, "timeoutSeconds") ?? 0) || call.timeoutSeconds || 600;
  const custom = annotation(inputs, "waitFor");
  if (annotation(inputs, "skipAwait")?.toLowerCase() === "true") return { wait: () => undefined, seconds };
  if (custom !== undefined) {
    const waits = (custom.trim().startsWith("[") ? (JSON.parse(custom) as string[]) : [custom]).map(
      customWait,
    );
    return {
      wait: (object) => waits.map((wait) => wait(object)).find((missing) => missing !== undefined),
      seconds,
    };
  }
  const token = inputs.type === "kubernetes.io/service-account-token";
  return { wait: builtIn[kind] ?? (() => undefined), seconds: token ? 5 : seconds };
}

/** Watches one object until `check` is content; `check` gets `undefined` once the object is gone. */
export async function watchUntil(
  client: Client,
  at: string,
  check: (object: Props | undefined) => string | undefined,
  seconds: number,
  call: Call,
): Promise<Props | undefined> {
  const deadline = AbortSignal.timeout(seconds * 1000);
  const [, collection = "", name = ""] = /^(.*)\/([^/]+)$/.exec(at) ?? [];
  let waiting = "";
  const done = (object: Props | undefined) => {
    const missing = check(object);
    // An empty line takes the last one away.
    const line = missing === undefined ? "" : `Waiting for ${missing}`;
    if (line !== waiting) log("status", line, call.urn);
    waiting = line;
    return missing === undefined;
  };
  try {
    for (;;) {
      const object = await client.request("GET", at).catch((error) => {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      });
      if (done(object)) return object;
      deadline.throwIfAborted();
      const version = text(field(object, "metadata", "resourceVersion")) ?? "";
      const query = `?watch=1&fieldSelector=metadata.name%3D${name}&resourceVersion=${version}&timeoutSeconds=240`;
      for await (const event of client.watch(collection + query, deadline)) {
        const seen = isProps(event.object) && event.type !== "DELETED" ? event.object : undefined;
        // The version is too old: begin again with a fresh look.
        if (event.type === "ERROR") break;
        if (done(seen)) return seen;
      }
      await sleep(250, undefined, { signal: AbortSignal.any([deadline, cancelled.signal]) });
    }
  } catch (error) {
    cancelled.signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new Error(`timed out after ${seconds} s. ${waiting}`);
  }
}
