import type { Metadata } from "@grpc/grpc-js";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { kubernetes } from "../lab/plugins/kubernetes/main";
import { methods, type Plugin } from "../lab/plugins/provider";
import type { Props } from "../lab/plugins/values";

const wire = (props: Props) => Struct.fromJavaScript(props as Record<string, JavaScriptValue>);
const read = (struct: Struct | undefined) => (struct?.toJavaScript() ?? {}) as Props;

/** What the engine holds of one resource. */
export interface Held {
  readonly id: string;
  readonly inputs: Props;
  readonly outputs: Props;
}

/** Plays the engine: talks to a stand-in by the messages of its gRPC protocol, without a process between. */
export class EngineDouble {
  private readonly plugin;

  constructor(plugin: Plugin, config: Props) {
    this.plugin = methods(plugin);
    this.ready = this.plugin.configure(new proto.ConfigureRequest().setArgs(wire(config)));
  }

  private readonly ready: Promise<unknown>;

  /** The kubernetes stand-in as one Provider. */
  static kubernetes(config: Props): EngineDouble {
    return new EngineDouble(kubernetes(), config);
  }

  async check(type: string, news: Props, olds: Props = {}): Promise<Props> {
    await this.ready;
    const request = new proto.CheckRequest().setUrn(urn(type)).setNews(wire(news)).setOlds(wire(olds));
    const response = await this.plugin.check(request);
    const [failure] = response.getFailuresList();
    if (failure) throw new Error(`${failure.getProperty()}: ${failure.getReason()}`);
    return read(response.getInputs());
  }

  /** The paths that differ, sorted; `!` marks those that replace, `delete first` comes last if it is asked for. */
  async diff(type: string, held: Held, news: Props): Promise<string[]> {
    await this.ready;
    const request = new proto.DiffRequest().setUrn(urn(type)).setId(held.id).setNews(wire(news));
    const response = await this.plugin.diff(
      request.setOldInputs(wire(held.inputs)).setOlds(wire(held.outputs)),
    );
    const replaces = new Set(response.getReplacesList());
    const changed = response
      .getDetaileddiffMap()
      .getEntryList()
      .map(([path]) => path)
      .sort();
    const paths = changed.map((path) => (replaces.has(path) ? "!" : "") + path);
    return [...paths, ...(response.getDeletebeforereplace() ? ["delete first"] : [])];
  }

  async create(
    type: string,
    news: Props,
    options: { preview?: boolean; timeout?: number } = {},
  ): Promise<Held> {
    const inputs = await this.check(type, news);
    const request = new proto.CreateRequest().setUrn(urn(type)).setProperties(wire(inputs));
    const response = await this.plugin.create(
      request.setPreview(options.preview ?? false).setTimeout(options.timeout ?? 0),
    );
    return { id: response.getId(), inputs, outputs: read(response.getProperties()) };
  }

  async update(type: string, held: Held, news: Props, preview = false): Promise<Held> {
    const inputs = await this.check(type, news, held.inputs);
    const request = new proto.UpdateRequest()
      .setUrn(urn(type))
      .setId(held.id)
      .setNews(wire(inputs))
      .setPreview(preview);
    const response = await this.plugin.update(
      request.setOlds(wire(held.outputs)).setOldInputs(wire(held.inputs)),
    );
    return { id: held.id, inputs, outputs: read(response.getProperties()) };
  }

  /** `undefined`: the object is gone. An empty state is an import. */
  async read(type: string, id: string, held?: Held): Promise<Held | undefined> {
    await this.ready;
    const request = new proto.ReadRequest()
      .setUrn(urn(type))
      .setId(id)
      .setProperties(wire(held?.outputs ?? {}));
    const response = await this.plugin.read(request.setInputs(wire(held?.inputs ?? {})));
    if (response.getId() === "") return undefined;
    return {
      id: response.getId(),
      inputs: read(response.getInputs()),
      outputs: read(response.getProperties()),
    };
  }

  async delete(type: string, held: Held): Promise<void> {
    const request = new proto.DeleteRequest()
      .setUrn(urn(type))
      .setId(held.id)
      .setProperties(wire(held.outputs));
    await this.plugin.delete(request.setOldInputs(wire(held.inputs)));
  }

  async diffConfig(olds: Props, news: Props): Promise<string[]> {
    const request = new proto.DiffRequest().setOldInputs(wire(olds)).setNews(wire(news));
    return (await this.plugin.diffConfig(request)).getReplacesList();
  }
}

/** What the engine keeps of a resource that failed to become ready: nothing if it was not told to keep it. */
export function keptOf(error: {
  metadata?: Metadata;
}): { id: string; outputs: Props; reasons: string[] } | undefined {
  const [packed] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(packed instanceof Uint8Array)) return undefined;
  const [detail] = Status.deserializeBinary(packed).getDetailsList();
  if (detail?.getTypeUrl() !== "type.googleapis.com/pulumirpc.ErrorResourceInitFailed") return undefined;
  const failed = proto.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return { id: failed.getId(), outputs: read(failed.getProperties()), reasons: failed.getReasonsList() };
}

const urn = (type: string) => `urn:pulumi:test::standins::${type}::res`;

/** A secret as the engine sends it. */
export function secret(value: Props[string]): Props {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}
