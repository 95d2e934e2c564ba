import * as pulumi from "@pulumi/pulumi";
import { type Handover, readHandover } from "../../fleet/stacks/handover";
import { stackIdentity } from "./stackConfig";

type Outputs = Readonly<Record<string, unknown>>;

/**
 * The outputs of a stack's last deployment. The same call stands behind a `StackReference`, but that is a resource: one
 * to the stack itself would be a step of every preview and would change the state even when the transition guard
 * refuses; one to another stack would copy that stack's secrets into this one's state.
 */
async function readOutputs(name: string): Promise<Outputs> {
  const read: { readonly outputs?: Outputs } = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {
    name,
  });
  return read.outputs ?? {};
}

/** Of this stack's last deployment; none before the first. */
export function lastOutputs(): Promise<Outputs> {
  return readOutputs(stackIdentity());
}

/** What the other stacks hand over, and what is wrong with it. A stack that does not exist yet hands over nothing. */
export async function readHandovers(
  stacks: readonly string[],
): Promise<{ handovers: Map<string, Handover>; problems: string[] }> {
  const handovers = new Map<string, Handover>();
  const problems: string[] = [];
  const reads = await Promise.all(
    stacks.map(async (stack) => ({ stack, ...readHandover(await existing(stack)) })),
  );
  for (const { stack, handover, problem } of reads) {
    if (handover) handovers.set(stack, handover);
    if (problem !== undefined)
      problems.push(`stack ${stack} ${problem}: run \`pulumi up\` there with this version`);
  }
  return { handovers, problems };
}

async function existing(stack: string): Promise<Outputs | undefined> {
  const [organization, project] = stackIdentity().split("/");
  try {
    return await readOutputs(stack.includes("/") ? stack : `${organization}/${project}/${stack}`);
  } catch (error) {
    // The words of the engine's backends for a stack that is not there.
    if (/unknown stack|not found|no stack named/i.test(error instanceof Error ? error.message : ""))
      return undefined;
    throw error;
  }
}
