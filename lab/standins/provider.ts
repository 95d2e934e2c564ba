import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import type { Message } from "google-protobuf";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { annotateProps, asSecret, type Change, difference, type Props, plainProps } from "./values";

/** One call of the engine for one resource. */
export interface Call {
  readonly type: string;
  /** Empty before there is one. */
  readonly id: string;
  readonly preview: boolean;
}

/** One resource type. Inputs and outputs are plain: the host keeps what is secret secret. */
export interface Resource {
  check?(news: Props): Props;
  /** Marks which changes replace; without it all do. */
  diff?(changes: Change[], news: Props, state: Props): Change[];
  create(inputs: Props, call: Call): Promise<Created>;
  update?(news: Props, state: Props, call: Call): Promise<Created>;
}

export interface Created {
  id: string;
  outputs: Props;
  /** Top-level outputs that are secret whatever the inputs were. */
  secret?: string[];
}

export interface Plugin {
  readonly name: string;
  resource(type: string): Resource | undefined;
}

/** Wrong inputs: the engine shows each reason at its resource. */
export class CheckFailure extends Error {
  constructor(readonly failures: readonly { property: string; reason: string }[]) {
    super(failures.map(({ reason }) => reason).join("\n"));
  }
}

interface Addressed {
  getUrn(): string;
  getId?(): string;
  getPreview?(): boolean;
}

function callOf(request: Addressed): Call {
  const [, , types = ""] = request.getUrn().split("::");
  return {
    type: types.slice(types.lastIndexOf("$") + 1),
    id: request.getId?.() ?? "",
    preview: request.getPreview?.() ?? false,
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

function diffResponse(changes: Change[]): proto.DiffResponse {
  const { Kind } = proto.PropertyDiff;
  const response = new proto.DiffResponse()
    .setChanges(proto.DiffResponse.DiffChanges[changes.length > 0 ? "DIFF_SOME" : "DIFF_NONE"])
    .setHasdetaileddiff(true)
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
    diffConfig: async () => diffResponse([]),
    configure: async () => new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    async check(request: proto.CheckRequest) {
      const news = propsOf(request.getNews());
      const plain = plainProps(news);
      const response = new proto.CheckResponse();
      try {
        const inputs = find(callOf(request).type).check?.(plain) ?? plain;
        return response.setInputs(struct(annotateProps(inputs, news)));
      } catch (error) {
        if (!(error instanceof CheckFailure)) throw error;
        for (const { property, reason } of error.failures)
          response.addFailures(new proto.CheckFailure().setProperty(property).setReason(reason));
        return response;
      }
    },
    async diff(request: proto.DiffRequest) {
      const [olds, news, state] = [request.getOldInputs(), request.getNews(), request.getOlds()].map((side) =>
        plainProps(propsOf(side)),
      );
      const changes = difference(olds, news);
      const marked = find(callOf(request).type).diff?.(changes, news ?? {}, state ?? {});
      return diffResponse(marked ?? changes.map((change) => ({ ...change, replace: true })));
    },
    async create(request: proto.CreateRequest) {
      const [inputs, call] = [propsOf(request.getProperties()), callOf(request)];
      const created = await find(call.type).create(plainProps(inputs), call);
      return new proto.CreateResponse().setId(created.id).setProperties(stored(created, inputs));
    },
    /** What the state holds is all there is. */
    async read(request: proto.ReadRequest) {
      const { type, id } = callOf(request);
      if (Object.keys(propsOf(request.getProperties())).length === 0) throw lacking(`importing ${type}`);
      const same = new proto.ReadResponse().setId(id).setInputs(request.getInputs());
      return same.setProperties(request.getProperties());
    },
    async update(request: proto.UpdateRequest) {
      const [news, call] = [propsOf(request.getNews()), callOf(request)];
      const resource = find(call.type);
      if (!resource.update) throw lacking(`updating ${call.type} in place`);
      const updated = await resource.update(plainProps(news), plainProps(propsOf(request.getOlds())), call);
      return new proto.UpdateResponse().setProperties(stored(updated, news));
    },
    delete: async () => new Empty(),
    cancel: async () => new Empty(),
    async invoke(request: proto.InvokeRequest): Promise<never> {
      throw lacking(request.getTok());
    },
  };
}

/** Runs a plugin as the engine expects: its port is the first line of its output. */
export function serve(plugin: Plugin): void {
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const handlers: grpc.UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods(plugin))) {
    const answer: grpc.handleUnaryCall<Message, Message> = async (call, callback) => {
      try {
        callback(null, await method(call.request as never));
      } catch (error) {
        callback({ code: grpc.status.UNKNOWN, details: (error as Error).message });
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
  // An engine that was killed cannot stop its plugins.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(1), 1000).unref();
}
