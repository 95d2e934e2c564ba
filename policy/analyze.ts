import * as proto from "@pulumi/pulumi/proto/analyzer_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { policiesOf } from "./pack";
import { version } from "./package.json";
import type { Profile } from "./profile";
import { type Analyze, makeAnalyzeRpcFun, makeAnalyzeStackRpcFun } from "./sdk";

/** A resource as the engine hands it to a policy pack. */
export interface Judged {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Judged before the resource is created or changed. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Judged when all are known. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly provider?: Pick<Judged, "urn" | "type" | "name" | "inputs">;
}

export interface RuleVerdict {
  readonly rule: string;
  readonly level: "mandatory" | "advisory";
  readonly message: string;
  readonly urn: string;
}

/** Judges resources as the engine would, without one: needs no cluster, no stack and no plugin. */
export async function analyze(resources: readonly Judged[], profile?: Profile): Promise<RuleVerdict[]> {
  const pack = ["linkerd-fleet", version, profile?.all ?? "mandatory", policiesOf(profile)] as const;
  const each = makeAnalyzeRpcFun(...pack);
  const whole = makeAnalyzeStackRpcFun(...pack);
  const verdicts: RuleVerdict[] = [];
  for (const resource of resources) verdicts.push(...(await ask(each, requestOf(resource), resource.urn)));
  const stack = new proto.AnalyzeStackRequest().setResourcesList(resources.map(stackResourceOf));
  return [...verdicts, ...(await ask(whole, stack, ""))];
}

function ask<Request>(analyzer: Analyze<Request>, request: Request, urn: string): Promise<RuleVerdict[]> {
  return new Promise((resolve, reject) => {
    analyzer({ request }, (error, response) => {
      if (error) return reject(error);
      const verdicts = response.getDiagnosticsList().map(
        (found) =>
          ({
            rule: found.getPolicyname(),
            level: found.getEnforcementlevel() === proto.EnforcementLevel.ADVISORY ? "advisory" : "mandatory",
            message: found.getMessage(),
            urn: found.getUrn() || urn,
          }) as const,
      );
      resolve(verdicts);
    }).catch(reject);
  });
}

function requestOf({ urn, type, name, inputs, protect, provider }: Judged): proto.AnalyzeRequest {
  return new proto.AnalyzeRequest()
    .setUrn(urn)
    .setType(type)
    .setName(name)
    .setProperties(wire(inputs))
    .setOptions(new proto.AnalyzerResourceOptions().setProtect(protect))
    .setProvider(providerOf(provider));
}

function stackResourceOf({ urn, type, name, outputs, protect, provider }: Judged): proto.AnalyzerResource {
  return new proto.AnalyzerResource()
    .setUrn(urn)
    .setType(type)
    .setName(name)
    .setProperties(wire(outputs))
    .setOptions(new proto.AnalyzerResourceOptions().setProtect(protect))
    .setProvider(providerOf(provider));
}

function providerOf(provider: Judged["provider"]): proto.AnalyzerProviderResource | undefined {
  if (!provider) return undefined;
  const { urn, type, name, inputs } = provider;
  return new proto.AnalyzerProviderResource()
    .setUrn(urn)
    .setType(type)
    .setName(name)
    .setProperties(wire(inputs));
}

function wire(properties: Readonly<Record<string, unknown>>): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);
}
