import * as pulumi from "@pulumi/pulumi";
import { formatProblems } from "../../fleet/config/problems";
import { describeFleet } from "../../fleet/outputs/write";
import { type Plan, planFleet } from "../../fleet/plan";
import type { CrossStackOutputs } from "../../fleet/stacks/crossStack";
import { readStackFile } from "../../live/stackFile";
import type { Judged } from "../../policy/analyze";
import { UNKNOWN } from "../../policy/sdk";
import { isSecretInput, type Registered, runUnderMocks } from "../../testing/mocks";
import { plannedFleet } from "../../testing/plannedFleet";

const PREFIX = "urn:pulumi:test::linkerd-fleet::";

/**
 * All resources of a stack file's fleet, as a policy pack gets them. `preview`: with what a provider computes
 * unknown.
 */
export async function judgedOf(stackFile: string, options: { preview?: boolean } = {}): Promise<Judged[]> {
  const { config, problems } = readStackFile(stackFile);
  if (problems) throw new Error(`${stackFile}: ${formatProblems(problems)}`);
  return judgedPlan(planFleet(config), options);
}

export async function judgedPlan(
  plan: Plan,
  options: { preview?: boolean; crossStack?: ReadonlyMap<string, CrossStackOutputs> } = {},
): Promise<Judged[]> {
  const { crossStack = new Map() } = options;
  const secret = (key: string) => pulumi.secret(`secret ${key}`);
  const registered = await runUnderMocks(() => void plannedFleet({ plan, crossStack, secret }), options);
  const components = new Map(
    registered.filter(({ type }) => type.startsWith("linkerd-fleet:")).map(({ name, type }) => [name, type]),
  );
  const urnOf = ({ parents, type, name }: Registered) =>
    `${PREFIX}${[...parents.map((parent) => components.get(parent)), type].join("$")}::${name}`;
  const providers = new Map(
    registered
      .filter(({ type }) => type === "pulumi:providers:kubernetes")
      .map((provider) => {
        const { type, name } = provider;
        return [name, { urn: urnOf(provider), type, name, inputs: {} }];
      }),
  );
  const made = { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: "" };
  const outputs = describeFleet(plan, made, { complete: true, last: {} });
  const type = "pulumi:pulumi:Stack";
  return [
    { urn: `${PREFIX}${type}::test`, type, name: "test", inputs: {}, outputs, protect: false },
    ...registered.map((resource): Judged => {
      const { type, name, inputs, protect } = resource;
      const provider = providers.get(resource.provider ?? "");
      const known = decoded(inputs) as Judged["inputs"];
      const own = { urn: urnOf(resource), type, name, inputs: known, outputs: known, protect };
      return provider === undefined ? own : { ...own, provider };
    }),
  ];
}

/** As the SDK decodes it for a policy: secrets in plain, unknowns as its mark. */
function decoded(value: unknown): unknown {
  if (isSecretInput(value)) return decoded(value.value);
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== "object" || value === null) return value;
  if ("__pulumiUnknown" in value) return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decoded(item)]));
}
