import { setTimeout } from "node:timers/promises";
import {
  type Call,
  CheckFailure,
  type Created,
  cancelled,
  log,
  NotReady,
  type Resource,
  randomName,
} from "../provider";
import { type Change, field, hasUnknowns, isProps, type Props, text, UNKNOWN, type Value } from "../values";
import { ApiError, type Client, idOf, Unreachable } from "./client";
import { waitOf, watchUntil } from "./waits";

/** The provider's switches that objects depend on. */
export interface Switches {
  enableSecretMutable: boolean;
  enableConfigMapMutable: boolean;
  enablePatchForce: boolean;
  upsertExistingObjects: boolean;
  deleteUnreachable: boolean;
  skipUpdateUnreachable: boolean;
}

const MANAGER = "pulumi-kubernetes";

/** Fields that no API server changes in place; a change replaces the object (the official plugin's `diff.go`). */
const immutable: Record<string, RegExp> = {
  "apps/v1/Deployment": /^spec\.selector/,
  "apps/v1/DaemonSet": /^spec\.selector/,
  "apps/v1/StatefulSet":
    /^spec\.(selector|serviceName|volumeClaimTemplates|podManagementPolicy|revisionHistoryLimit)/,
  "batch/v1/Job": /^spec\.(completions|parallelism|selector|template)/,
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": /^roleRef/,
  "rbac.authorization.k8s.io/v1/RoleBinding": /^roleRef/,
  "v1/Secret": /^type$/,
  "v1/Service": /^spec\.clusterIP$/,
};

const gvk = (object: Props) => `${text(object.apiVersion)}/${text(object.kind)}`;
const annotations = (object: Props) => (field(object, "metadata", "annotations") ?? {}) as Props;
const isPatch = ({ type }: Call) => type.endsWith("Patch");

/** Every kind the API server has, and `…Patch`, which owns only the fields it names. */
export function objects(client: Client, switches: Switches): Resource {
  const place = async (object: Props) => {
    const kind = await client.kind(text(object.apiVersion) ?? "", text(object.kind) ?? "");
    const namespace = text(field(object, "metadata", "namespace"));
    return kind.path(
      namespace ?? client.settings.namespace ?? client.access.namespace,
      text(field(object, "metadata", "name")),
    );
  };
  const force = (inputs: Props) =>
    switches.enablePatchForce || annotations(inputs)["pulumi.com/patchForce"] === "true";
  const managerOf = (inputs: Props, state: Props, call: Call) =>
    isPatch(call)
      ? (text(annotations(inputs)["pulumi.com/patchFieldManager"]) ??
        text(state.__fieldManager) ??
        randomName(MANAGER))
      : MANAGER;

  const apply = async (at: string, inputs: Props, manager: string, query = "") => {
    try {
      const options = `?fieldManager=${encodeURIComponent(manager)}${force(inputs) || query.includes("force=true") ? "&force=true" : ""}${query}`;
      return await client.request("PATCH", at + options, inputs, "application/apply-patch+yaml");
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "Conflict") throw error;
      throw new Error(
        `The resource managed by field manager "${manager}" had an apply conflict: ${error.message}\n` +
          'Take the fields over with the annotation pulumi.com/patchForce: "true", or leave them to their owner.',
      );
    }
  };

  const secretOf = (object: Props) => (object.kind === "Secret" ? ["data", "stringData"] : []);
  const outputsOf = (live: Props, manager: string, call: Call): Omit<Created, "id"> => {
    const { managedFields: _, ...metadata } = live.metadata as Props;
    const outputs = { ...live, metadata, ...(isPatch(call) && { __fieldManager: manager }) };
    return { outputs, secret: secretOf(live) };
  };

  const awaited = async (
    at: string,
    live: Props,
    inputs: Props,
    manager: string,
    call: Call,
  ): Promise<Created> => {
    const id = idOf(live);
    const { wait, seconds } = waitOf(inputs, gvk(inputs), call);
    let last = live;
    try {
      if (wait(live) !== undefined)
        await watchUntil(
          client,
          at,
          (seen) => {
            if (!seen) throw new Error("it was deleted while it was waited for");
            last = seen;
            return wait(seen);
          },
          seconds,
          call,
        );
    } catch (error) {
      const message = `${inputs.kind} "${id}" was written, but is not ready: ${(error as Error).message}`;
      throw new NotReady(message, { id, ...outputsOf(last, manager, call) });
    }
    return { id, ...outputsOf(last, manager, call) };
  };

  return {
    async check(news, olds, call) {
      const metadata: Props = isProps(news.metadata) ? { ...news.metadata } : {};
      if (text(news.apiVersion) === undefined || text(news.kind) === undefined)
        throw new CheckFailure([{ property: "kind", reason: `${call.type} needs apiVersion and kind` }]);
      if (metadata.name === undefined && metadata.generateName === undefined) {
        if (isPatch(call))
          throw new CheckFailure([
            { property: "metadata.name", reason: "a Patch needs the name of the object it patches" },
          ]);
        const old =
          olds && annotations(olds)["pulumi.com/autonamed"] === "true"
            ? field(olds, "metadata", "name")
            : undefined;
        metadata.name = text(old) ?? randomName(call.name);
        metadata.annotations = {
          ...(isProps(metadata.annotations) ? metadata.annotations : {}),
          "pulumi.com/autonamed": "true",
        };
      }
      if (switches.skipUpdateUnreachable && olds && (await isDown(client, call))) return olds;
      return { ...news, metadata };
    },

    diff(changes, news, state, call) {
      const mutable = news.kind === "Secret" ? switches.enableSecretMutable : switches.enableConfigMapMutable;
      const frozen = /^v1\/(Secret|ConfigMap)$/.test(gvk(news)) && (!mutable || news.immutable === true);
      const data = frozen ? /^(data|stringData|binaryData)\b/ : undefined;
      const identity = /^(apiVersion|kind|metadata\.(name|namespace))$/;
      const patterns = isPatch(call) ? [identity] : [identity, immutable[gvk(news)], data];
      const marked = changes.map((change: Change) => ({
        ...change,
        replace: patterns.some((pattern) => pattern?.test(change.path)),
      }));
      const named =
        annotations(news)["pulumi.com/autonamed"] !== "true" && field(news, "metadata", "name") !== undefined;
      const same = (key: string) =>
        (field(news, "metadata", key) ?? field(state, "metadata", key)) === field(state, "metadata", key);
      return {
        changes: marked,
        deleteFirst: marked.some(({ replace }) => replace) && named && same("name") && same("namespace"),
      };
    },

    async create(inputs, call) {
      const manager = managerOf(inputs, {}, call);
      const upsert = isPatch(call) || switches.upsertExistingObjects;
      if (call.preview) {
        // A dry run finds what the API server would refuse; whatever else keeps it from answering is not known yet.
        if (!hasUnknowns(inputs) && !isPatch(call))
          await place(inputs)
            .then((at) =>
              upsert
                ? apply(at, inputs, manager, "&dryRun=All&force=true")
                : client.request("POST", `${at.replace(/\/[^/]*$/, "")}?dryRun=All`, inputs),
            )
            .catch((error) => {
              if (error instanceof ApiError && (error.status === 400 || error.status === 422)) throw error;
            });
        return { id: "", outputs: previewOf(inputs), secret: secretOf(inputs) };
      }
      const at = await patiently(() => place(inputs), call);
      if (isPatch(call))
        await client.request("GET", at).catch((error) => {
          if (!(error instanceof ApiError) || error.status !== 404) throw error;
          throw new Error(
            `${inputs.kind} "${idOf(inputs)}" does not exist, so there is nothing to patch: create it first, or let the patch depend on what does`,
          );
        });
      const write = () =>
        upsert
          ? apply(at, inputs, manager)
          : client.request("POST", `${at.replace(/\/[^/]*$/, "")}?fieldManager=${MANAGER}`, inputs);
      const live = await patiently(write, call).catch((error) => {
        if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
        throw new Error(
          `${error.message}\nThe object is already in the cluster. Take it over with upsertExistingObjects on the ` +
            "provider or `pulumi import`, change some of its fields with a Patch resource, or delete it.",
        );
      });
      return awaited(await place(live), live, inputs, manager, call);
    },

    async update(news, state, call) {
      const manager = managerOf(news, state, call);
      if (call.preview) return { id: call.id, outputs: merged(state, news), secret: secretOf(news) };
      const at = await place({
        ...news,
        metadata: { ...(state.metadata as Props), ...(news.metadata as Props) },
      });
      const live = await client.request("GET", at);
      if (text(news.kind) === "CustomResourceDefinition" && !isPatch(call)) {
        // A list of versions cannot be applied over another: the whole is replaced, and no object with it.
        const metadata = {
          ...(news.metadata as Props),
          resourceVersion: field(live, "metadata", "resourceVersion"),
        };
        return awaited(
          at,
          await client.request("PUT", `${at}?fieldManager=${MANAGER}`, { ...news, metadata }),
          news,
          manager,
          call,
        );
      }
      await ownByApply(client, at, live);
      return awaited(at, await apply(at, news, manager), news, manager, call);
    },

    async read(inputs, state, call) {
      const named = /^(?:(.*)\/)?([^/]+)$/.exec(call.id);
      // `kubernetes:apps/v1:Deployment`; the core group is written `core/v1`.
      const [, apiVersion = "", kind = ""] = call.type.split(":");
      const imported = {
        apiVersion: apiVersion.replace(/^core\//, ""),
        kind,
        metadata: { ...(named?.[1] && { namespace: named[1] }), name: named?.[2] ?? "" },
      };
      try {
        const live = await client.request(
          "GET",
          await place(Object.keys(state).length > 0 ? state : imported),
        );
        const { outputs, secret } = outputsOf(live, text(state.__fieldManager) ?? MANAGER, call);
        const { status: _, metadata, ...rest } = outputs;
        const own = (["name", "namespace", "labels", "annotations"] as const).filter(
          (key) => field(metadata, key) !== undefined,
        );
        const all = { ...rest, metadata: Object.fromEntries(own.map((key) => [key, field(metadata, key)])) };
        return {
          id: call.id,
          outputs,
          ...(secret && { secret }),
          inputs: inputs ? (project(inputs, live) as Props) : all,
        };
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        if (!(error instanceof Unreachable)) throw error;
        if (switches.deleteUnreachable) return undefined;
        if (!switches.skipUpdateUnreachable || !inputs) throw error;
        log("warning", `${error.message}; the last known state is kept`, call.urn);
        return { id: call.id, outputs: state, inputs };
      }
    },

    async delete(inputs, state, call) {
      try {
        const at = await place(state);
        if (isPatch(call)) {
          // An apply of nothing gives up every field of this manager, and no other.
          const { name, namespace } = state.metadata as Props;
          const nothing = { apiVersion: state.apiVersion, kind: state.kind, metadata: { name, namespace } };
          await client.request("GET", at);
          await apply(at, nothing, managerOf(inputs, state, call));
          return;
        }
        const deleted = await client.request("DELETE", at, {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy:
            text(annotations(inputs)["pulumi.com/deletionPropagationPolicy"]) ?? "Foreground",
        });
        const uid = field(deleted, "metadata", "uid") ?? field(deleted, "details", "uid");
        const gone = (seen: Props | undefined) =>
          !seen || field(seen, "metadata", "uid") !== uid
            ? undefined
            : "its deletion (finalizers may hold it)";
        await watchUntil(client, at, gone, waitOf(inputs, "", call).seconds, call);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return;
        if (!(error instanceof Unreachable) || !switches.deleteUnreachable) throw error;
        log("warning", `${error.message}; dropped from the state without being deleted`, call.urn);
      }
    },
  };
}

/** Whether the cluster cannot be reached, said as a warning. */
export async function isDown(client: Client, call: Call): Promise<boolean> {
  try {
    await client.request("GET", "/version");
    return false;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    log("warning", `${error.message}; nothing is changed there`, call.urn);
    return true;
  }
}

/** A custom resource may come before its CRD is served, an object before its namespace. */
async function patiently<T>(work: () => Promise<T>, call: Call): Promise<T> {
  for (const seconds of [1, 2, 4, 8, 16]) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      log("status", `Retrying in ${seconds} s: ${error.message}`, call.urn);
      await setTimeout(seconds * 1000, undefined, { signal: cancelled.signal });
    }
  }
  return work();
}

// Fields written by a POST belong to an Update, and an Apply would never remove them.
async function ownByApply(client: Client, at: string, live: Props): Promise<void> {
  const managed = field(live, "metadata", "managedFields");
  if (!Array.isArray(managed)) return;
  const entries = managed.filter(isProps);
  const ours = (operation: string) =>
    entries.findIndex(
      (entry) => entry.manager === MANAGER && entry.operation === operation && !entry.subresource,
    );
  const index = ours("Update");
  if (index < 0 || ours("Apply") >= 0) return;
  const version = field(live, "metadata", "resourceVersion") ?? "";
  await client.request(
    "PATCH",
    at,
    [
      { op: "replace", path: "/metadata/resourceVersion", value: version },
      { op: "replace", path: `/metadata/managedFields/${index}/operation`, value: "Apply" },
    ],
    "application/json-patch+json",
  );
}

/** What a create will give: the inputs, and as unknown what only the API server can say. */
function previewOf(inputs: Props): Props {
  const metadata = {
    ...(inputs.metadata as Props),
    uid: UNKNOWN,
    resourceVersion: UNKNOWN,
    creationTimestamp: UNKNOWN,
  };
  const spec = inputs.kind === "Service" && {
    spec: { clusterIP: UNKNOWN, clusterIPs: UNKNOWN, ...(inputs.spec as Props) },
  };
  const token = inputs.type === "kubernetes.io/service-account-token" || inputs.stringData !== undefined;
  return { ...inputs, metadata, ...spec, status: UNKNOWN, ...(token && { data: UNKNOWN }) };
}

/** The state with the new inputs over it: what an update cannot change stays known. */
function merged(state: Props, news: Props): Props {
  const result = { ...state };
  for (const [key, value] of Object.entries(news)) {
    const old = state[key];
    result[key] = isProps(old) && isProps(value) && key !== "data" ? merged(old, value) : value;
  }
  return result;
}

/** The live values of the fields that the inputs set, so that a refresh shows drift of these and no others. */
export function project(input: Value, live: Value | undefined): Value | undefined {
  if (isProps(input) && isProps(live)) {
    const result: Props = {};
    for (const [key, value] of Object.entries(input)) {
      if (key === "stringData") {
        const decode = (name: string) =>
          Buffer.from(text(field(live, "data", name)) ?? "", "base64").toString();
        result[key] = Object.fromEntries(Object.keys(value as Props).map((name) => [name, decode(name)]));
      } else if (live[key] !== undefined) result[key] = project(value ?? null, live[key]);
    }
    return result;
  }
  if (Array.isArray(input) && Array.isArray(live) && input.length === live.length)
    return input.map((item, i) => project(item, live[i]) ?? null);
  return live;
}
