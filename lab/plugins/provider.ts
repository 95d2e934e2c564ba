import { randomBytes } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { Message } from "google-protobuf";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { annotateProps, asSecret, type Change, difference, type Props, plainProps, redact } from "./values";

/** One call of the engine for one resource. */
export interface Call {
  readonly urn: string;
  /** Logical name, the last part of the URN. */
  readonly name: string;
  readonly type: string;
  /** Empty before there is one. */
  readonly id: string;
  readonly preview: boolean;
  /** From `customTimeouts`; 0 if not set. */
  readonly timeoutSeconds: number;
}

/** One resource type (or all of a plugin). Inputs and outputs are plain: the host keeps what is secret secret. */
export interface Resource {
  check?(news: Props, olds: Props | undefined, call: Call): Props | Promise<Props>;
  /** Marks which changes replace; without it all do. */
  diff?(
    changes: Change[],
    news: Props,
    state: Props,
    call: Call,
  ): { changes: Change[]; deleteFirst?: boolean };
  create(inputs: Props, call: Call): Promise<Created>;
  /** `undefined`: it is gone. */
  read?(
    inputs: Props | undefined,
    state: Props,
    call: Call,
  ): Promise<(Created & { inputs: Props }) | undefined>;
  update?(news: Props, state: Props, call: Call): Promise<Created>;
  delete?(inputs: Props, state: Props, call: Call): Promise<void>;
}

export interface Created {
  id: string;
  outputs: Props;
  /** Top-level outputs that are secret whatever the inputs were. */
  secret?: string[];
}

export interface Plugin {
  readonly name: string;
  configure?(config: Props): void;
  /** Changes of the provider's own inputs that replace it, and all its resources. */
  diffConfig?(olds: Props, news: Props): Change[];
  resource(type: string): Resource | undefined;
}

/** Wrong inputs: the engine shows each reason at its resource. */
export class CheckFailure extends Error {
  constructor(readonly failures: readonly { property: string; reason: string }[]) {
    super(failures.map(({ reason }) => reason).join("\n"));
  }
}

/** The resource exists, but did not become ready: the engine keeps it and updates it the next time. */
export class NotReady extends Error {
  constructor(
    message: string,
    readonly created: Created,
  ) {
    super(message);
  }
}

/** Aborted when the engine cancels: every wait and every child process ends on it. */
export const cancelled = new AbortController();

let engine: EngineClient | undefined;

/** Shows a line at a resource; `status` lines only while the resource is being worked on. */
export function log(severity: "status" | "info" | "warning", message: string, urn: string): void {
  const request = new LogRequest()
    .setUrn(urn)
    .setMessage(redact(message))
    .setEphemeral(severity === "status");
  request.setSeverity(severity === "warning" ? LogSeverity.WARNING : LogSeverity.INFO);
  // A lost line must not fail the resource it is about.
  engine?.log(request, () => undefined);
}

/** A name no other resource has, as the engine's official plugins draw it. */
export function randomName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString("hex")}`;
}

interface Addressed {
  getUrn(): string;
  getId?(): string;
  getPreview?(): boolean;
  getTimeout?(): number;
}

function callOf(request: Addressed): Call {
  const urn = request.getUrn();
  const [, , types = "", ...name] = urn.split("::");
  return {
    urn,
    name: name.join("::"),
    type: types.slice(types.lastIndexOf("$") + 1),
    id: request.getId?.() ?? "",
    preview: request.getPreview?.() ?? false,
    timeoutSeconds: request.getTimeout?.() ?? 0,
  };
}

const propsOf = (struct: Struct | undefined) => (struct?.toJavaScript() ?? {}) as Props;

// A round trip through JSON drops every `undefined`, which a Struct cannot hold.
const struct = (value: Props) =>
  Struct.fromJavaScript(JSON.parse(JSON.stringify(value)) as Record<string, JavaScriptValue>);

/** Outputs as the engine stores them: secret where the inputs are, or where the resource says so. */
function stored({ outputs, secret = [] }: Created, like: Props): Struct {
  const marked = annotateProps(outputs, like);
  for (const key of secret) if (marked[key] !== undefined) marked[key] = asSecret(marked[key]);
  return struct(marked);
}

function diffResponse(changes: Change[], deleteFirst = false): proto.DiffResponse {
  const { Kind } = proto.PropertyDiff;
  const response = new proto.DiffResponse()
    .setChanges(proto.DiffResponse.DiffChanges[changes.length > 0 ? "DIFF_SOME" : "DIFF_NONE"])
    .setHasdetaileddiff(true)
    .setDeletebeforereplace(deleteFirst)
    .setReplacesList(changes.filter(({ replace }) => replace).map(({ path }) => path))
    .setDiffsList([...new Set(changes.map(({ path }) => path.split(/[.[]/)[0] ?? path))]);
  const kinds = { add: "ADD", update: "UPDATE", delete: "DELETE" } as const;
  for (const { path, kind, replace } of changes) {
    const change = new proto.PropertyDiff().setKind(Kind[`${kinds[kind]}${replace ? "_REPLACE" : ""}`]);
    response.getDetaileddiffMap().set(path, change.setInputdiff(true));
  }
  return response;
}

/** The methods of a resource provider for one plugin, each from a request to its response. */
export function methods(plugin: Plugin) {
  const lacking = (what: string) =>
    new Error(
      `${what} is not in the lab's stand-in for the ${plugin.name} plugin; it needs the official one`,
    );
  const find = (type: string): Resource => {
    const resource = plugin.resource(type);
    if (!resource) throw lacking(type);
    return resource;
  };
  return {
    getPluginInfo: async () => new PluginInfo().setVersion(process.env.PLUGIN_VERSION ?? ""),
    getSchema: async () => new proto.GetSchemaResponse().setSchema("{}"),
    checkConfig: async (request: proto.CheckRequest) =>
      new proto.CheckResponse().setInputs(request.getNews()),
    async diffConfig(request: proto.DiffRequest) {
      const olds = propsOf(request.getOldInputs() ?? request.getOlds());
      return diffResponse(
        plugin.diffConfig?.(plainProps(olds), plainProps(propsOf(request.getNews()))) ?? [],
      );
    },
    async configure(request: proto.ConfigureRequest) {
      plugin.configure?.(plainProps(propsOf(request.getArgs())));
      return new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    },
    async check(request: proto.CheckRequest) {
      const call = callOf(request);
      const [news, olds] = [propsOf(request.getNews()), propsOf(request.getOlds())];
      const [plainNews, plainOlds] = [plainProps(news), given(plainProps(olds))];
      const response = new proto.CheckResponse();
      try {
        const inputs = (await find(call.type).check?.(plainNews, plainOlds, call)) ?? plainNews;
        return response.setInputs(struct(annotateProps(inputs, inputs === plainOlds ? olds : news)));
      } catch (error) {
        if (!(error instanceof CheckFailure)) throw error;
        for (const { property, reason } of error.failures)
          response.addFailures(new proto.CheckFailure().setProperty(property).setReason(redact(reason)));
        return response;
      }
    },
    async diff(request: proto.DiffRequest) {
      const call = callOf(request);
      const [olds, news] = [
        plainProps(propsOf(request.getOldInputs())),
        plainProps(propsOf(request.getNews())),
      ];
      const resource = find(call.type);
      const changes = difference(olds, news);
      if (!resource.diff) return diffResponse(changes.map((change) => ({ ...change, replace: true })));
      const verdict = resource.diff(changes, news, plainProps(propsOf(request.getOlds())), call);
      return diffResponse(verdict.changes, verdict.deleteFirst);
    },
    async create(request: proto.CreateRequest) {
      const [inputs, call] = [propsOf(request.getProperties()), callOf(request)];
      const created = await settled(find(call.type).create(plainProps(inputs), call), inputs);
      return new proto.CreateResponse().setId(created.id).setProperties(stored(created, inputs));
    },
    async read(request: proto.ReadRequest) {
      const [inputs, call] = [propsOf(request.getInputs()), callOf(request)];
      const state = plainProps(propsOf(request.getProperties()));
      const resource = find(call.type);
      if (!resource.read) {
        if (Object.keys(state).length === 0) throw lacking(`importing ${call.type}`);
        const same = new proto.ReadResponse().setId(call.id).setInputs(request.getInputs());
        return same.setProperties(request.getProperties());
      }
      const found = await resource.read(given(plainProps(inputs)), state, call);
      if (!found) return new proto.ReadResponse();
      const response = new proto.ReadResponse().setId(found.id).setProperties(stored(found, inputs));
      return response.setInputs(stored({ ...found, outputs: found.inputs }, inputs));
    },
    async update(request: proto.UpdateRequest) {
      const [news, call] = [propsOf(request.getNews()), callOf(request)];
      const resource = find(call.type);
      if (!resource.update) throw lacking(`updating ${call.type} in place`);
      const state = plainProps(propsOf(request.getOlds()));
      const updated = await settled(resource.update(plainProps(news), state, call), news);
      return new proto.UpdateResponse().setProperties(stored(updated, news));
    },
    async delete(request: proto.DeleteRequest) {
      const call = callOf(request);
      const [inputs, state] = [request.getOldInputs(), request.getProperties()]
        .map(propsOf)
        .map((side) => plainProps(side));
      await find(call.type).delete?.(inputs ?? {}, state ?? {}, call);
      return new Empty();
    },
    async cancel() {
      cancelled.abort(new Error("cancelled"));
      return new Empty();
    },
    async invoke(request: proto.InvokeRequest): Promise<never> {
      throw lacking(request.getTok());
    },
    async call(request: proto.CallRequest): Promise<never> {
      throw lacking(request.getTok());
    },
    async construct(request: proto.ConstructRequest): Promise<never> {
      throw lacking(request.getType());
    },
  };
}

const given = (props: Props) => (Object.keys(props).length > 0 ? props : undefined);

async function settled(work: Promise<Created>, like: Props): Promise<Created> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const detail = new proto.ErrorResourceInitFailed()
      .setId(error.created.id)
      .setProperties(stored(error.created, like))
      .setInputs(struct(like))
      .setReasonsList([redact(error.message)]);
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(redact(error.message));
    status.addDetails(packed);
    const metadata = new grpc.Metadata();
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
    throw Object.assign(new Error(error.message), { metadata });
  }
}

/** Runs a plugin as the engine expects: its port is the first line of its output. */
export function serve(plugin: Plugin): void {
  const address = process.argv.slice(2).find((argument) => /:\d+$/.test(argument));
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  if (address !== undefined) engine = new EngineClient(address, grpc.credentials.createInsecure(), unlimited);
  const handlers: grpc.UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods(plugin))) {
    const answer: grpc.handleUnaryCall<Message, Message> = async (call, callback) => {
      try {
        callback(null, await method(call.request as never));
      } catch (error) {
        const { message, metadata } = error as Error & { metadata?: grpc.Metadata };
        callback({ code: grpc.status.UNKNOWN, details: redact(message), ...(metadata && { metadata }) });
      }
    };
    handlers[name] = answer;
  }
  const server = new grpc.Server(unlimited);
  server.addService(ResourceProviderService, handlers);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  // Every running helm listens for the end of the process.
  process.setMaxListeners(0);
  // An engine that was killed cannot stop its plugins.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(1), 1000).unref();
}
