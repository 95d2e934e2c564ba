import type { RawOutputs } from "../fleet/outputs/schema";
import { type Handover, readHandover } from "../fleet/stacks/handover";
import { readStackOutputs } from "./sdk";
import { stackIdentity } from "./stackConfig";

/** This stack's outputs after its last deployment; none before the first. */
export function lastOutputs(): Promise<RawOutputs> {
  return readStackOutputs(stackIdentity());
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

async function existing(stack: string): Promise<RawOutputs | undefined> {
  const [organization, project] = stackIdentity().split("/");
  try {
    return await readStackOutputs(stack.includes("/") ? stack : `${organization}/${project}/${stack}`);
  } catch (error) {
    // The words of the engine's backends for a stack that is not there.
    if (/unknown stack|not found|no stack named/i.test(error instanceof Error ? error.message : ""))
      return undefined;
    throw error;
  }
}
