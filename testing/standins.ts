import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { methods, type Plugin } from "../lab/standins/provider";
import type { Props } from "../lab/standins/values";

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

  constructor(plugin: Plugin) {
    this.plugin = methods(plugin);
  }

  async check(type: string, news: Props): Promise<Props> {
    const request = new proto.CheckRequest().setUrn(urn(type)).setNews(wire(news));
    const response = await this.plugin.check(request);
    const [failure] = response.getFailuresList();
    if (failure) throw new Error(`${failure.getProperty()}: ${failure.getReason()}`);
    return read(response.getInputs());
  }

  /** The paths that differ, sorted; `!` marks those that replace. */
  async diff(type: string, held: Held, news: Props): Promise<string[]> {
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
    return changed.map((path) => (replaces.has(path) ? "!" : "") + path);
  }

  async create(type: string, news: Props, preview = false): Promise<Held> {
    const inputs = await this.check(type, news);
    const request = new proto.CreateRequest().setUrn(urn(type)).setProperties(wire(inputs));
    const response = await this.plugin.create(request.setPreview(preview));
    return { id: response.getId(), inputs, outputs: read(response.getProperties()) };
  }

  async update(type: string, held: Held, news: Props): Promise<Held> {
    const inputs = await this.check(type, news);
    const request = new proto.UpdateRequest().setUrn(urn(type)).setId(held.id).setNews(wire(inputs));
    const response = await this.plugin.update(
      request.setOlds(wire(held.outputs)).setOldInputs(wire(held.inputs)),
    );
    return { id: held.id, inputs, outputs: read(response.getProperties()) };
  }

  async read(type: string, held: Held): Promise<Held> {
    const request = new proto.ReadRequest().setUrn(urn(type)).setId(held.id);
    const response = await this.plugin.read(
      request.setProperties(wire(held.outputs)).setInputs(wire(held.inputs)),
    );
    const inputs = read(response.getInputs());
    return { id: response.getId(), inputs, outputs: read(response.getProperties()) };
  }
}

const urn = (type: string) => `urn:pulumi:test::standins::${type}::res`;

/** A secret as the engine sends it. */
export function secret(value: Props[string]): Props {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}
