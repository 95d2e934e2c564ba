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
import { field, hasUnknowns, isProps, type Props, text } from "../values";
import { ApiError, type Client, idOf, type Switches, Unreachable } from "./client";
import { gvk, merged, previewOf, project, replacing } from "./fields";
import { waitOf, watchUntil } from "./waits";

const MANAGER = "pulumi-kubernetes";

const annotations = (object: Props) => (field(object, "metadata", "annotations") ?? {}) as Props;
/** Of an object: where objects of its kind are created. */
const parent = (at: string) => at.replace(/\/[^/]*$/, "");
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
      const forced = force(inputs) ? "&force=true" : "";
      const options = `?fieldManager=${encodeURIComponent(manager)}${forced}${query}`;
      return await client.request("PATCH", at + options, inputs, "application/apply-patch+yaml");
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "Conflict") throw error;
      throw new Error(
        `The resource managed by field manager "${manager}" had an apply conflict: ${error.message}\n` +
          'Take the fields over with the annotation pulumi.com/patchForce: "true", or leave them to their owner.',
      );
    }
  };

  /** A dry run finds what the API server would refuse; whatever else keeps it from answering is not known yet. */
  const tryOut = async (object: Props, work: (at: string) => Promise<unknown>) => {
    if (hasUnknowns(object) || client.silent) return;
    await place(object)
      .then(work)
      .catch((error) => {
        // An apply that does not fit the schema is answered by a 500.
        const unfit = error instanceof ApiError && /typed patch/.test(error.message);
        if (unfit || [400, 422].includes(error.status)) throw error;
      });
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
      const rules = replacing(news, switches, isPatch(call));
      const marked = changes.map((change) => ({
        ...change,
        replace: rules.some((rule) => rule.test(change.path)),
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
        // What is patched may not exist yet, and what exists may be about to be replaced: neither can be tried.
        if (!upsert)
          await tryOut(inputs, (at) =>
            client.request("POST", `${parent(at)}?dryRun=All&fieldManager=${MANAGER}`, inputs),
          );
        else if (!isPatch(call)) {
          await tryOut(inputs, (at) => apply(at, inputs, manager, "&dryRun=All&force=true")).catch(
            (error) => {
              if (!/field is immutable/.test((error as Error).message)) throw error;
            },
          );
        }
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
          : client.request("POST", `${parent(at)}?fieldManager=${MANAGER}`, inputs);
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
      const whole = merged(state, news);
      if (call.preview) {
        await tryOut(whole, (at) => apply(at, news, manager, "&dryRun=All&force=true"));
        return { id: call.id, outputs: whole, secret: secretOf(news) };
      }
      const at = await place(whole);
      if (!isPatch(call)) await ownByApply(client, at, await client.request("GET", at));
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
          // An apply of nothing gives up every field of this manager, and no other. Of what is gone it makes a new
          // one, or fails for want of a required field, as with the official plugin.
          const { name, namespace } = state.metadata as Props;
          const nothing = { apiVersion: state.apiVersion, kind: state.kind, metadata: { name, namespace } };
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

/** By prefix: who wrote before this plugin applied, itself by a POST included (`await.go` `fixCSAFieldManagers`). */
const TAKEN_OVER: Readonly<Record<string, RegExp>> = {
  Apply: /^kubectl/,
  Update: /^(kubectl|before-first-apply|pulumi-kubernetes|pulumi-resource-kubernetes)/,
};

// What others own an Apply would neither change nor ever remove.
async function ownByApply(client: Client, at: string, live: Props): Promise<void> {
  const managed = field(live, "metadata", "managedFields");
  if (!Array.isArray(managed)) return;
  const entries = managed.filter(isProps);
  const isOurs = ({ manager, operation, subresource }: Props) =>
    !subresource &&
    ((manager === MANAGER && operation === "Apply") ||
      TAKEN_OVER[text(operation) ?? ""]?.test(text(manager) ?? ""));
  const ours = entries.filter(isOurs);
  if (
    ours.length === 0 ||
    (ours.length === 1 && ours[0]?.operation === "Apply" && ours[0].manager === MANAGER)
  )
    return;
  const fieldsV1 = ours.reduce<Props>((all, entry) => merged(all, (entry.fieldsV1 ?? {}) as Props), {});
  const whole = { ...ours[0], manager: MANAGER, operation: "Apply", fieldsV1 };
  await client.request(
    "PATCH",
    at,
    [
      {
        op: "replace",
        path: "/metadata/resourceVersion",
        value: field(live, "metadata", "resourceVersion") ?? "",
      },
      {
        op: "replace",
        path: "/metadata/managedFields",
        value: [...entries.filter((entry) => !isOurs(entry)), whole],
      },
    ],
    "application/json-patch+json",
  );
}
