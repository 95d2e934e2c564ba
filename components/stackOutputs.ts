import { kubeconfigIn } from "../fleet/clusters/kubeconfig";
import type { ClusterPlan } from "../fleet/clusters/plan";
import { type Problem, pathOf } from "../fleet/config/problems";
import type { RawOutputs } from "../fleet/outputs/schema";
import { type CrossStackOutputs, readCrossStack } from "../fleet/stacks/crossStack";
import { readStackOutputs } from "./sdk";
import { stackIdentity } from "./stackConfig";

/** This stack's outputs after its last deployment; none before the first. */
export function lastOutputs(): Promise<RawOutputs> {
  return readStackOutputs(stackIdentity());
}

/** Cross-stack outputs of the other stacks, and their problems. A stack that does not exist yet has none. */
export async function readCrossStackOutputs(
  stacks: readonly string[],
): Promise<{ crossStack: Map<string, CrossStackOutputs>; problems: string[] }> {
  const crossStack = new Map<string, CrossStackOutputs>();
  const problems: string[] = [];
  const reads = await Promise.all(
    stacks.map(async (stack) => ({ stack, ...readCrossStack(await existing(stack)) })),
  );
  for (const { stack, crossStackOutputs, problem } of reads) {
    if (crossStackOutputs) crossStack.set(stack, crossStackOutputs);
    if (problem !== undefined)
      problems.push(`stack ${stack} ${problem}: run \`pulumi up\` there with this version`);
  }
  return { crossStack, problems };
}

/** The kubeconfigs that other stacks make, by cluster, and what is wrong with them. They are secret. */
export async function readKubeconfigs(
  clusters: readonly ClusterPlan[],
): Promise<{ kubeconfigs: Map<string, string>; problems: Problem[] }> {
  const kubeconfigs = new Map<string, string>();
  const problems: Problem[] = [];
  const outputs = new Map<string, Promise<RawOutputs | undefined>>();
  for (const { name, context, kubeconfig } of clusters) {
    if (kubeconfig === undefined || "secret" in kubeconfig) continue;
    const { stack } = kubeconfig;
    const read = outputs.get(stack) ?? existing(stack);
    outputs.set(stack, read);
    const found = kubeconfigIn(await read, kubeconfig, context);
    if ("value" in found) kubeconfigs.set(name, found.value);
    else {
      const fix = "name the stack and the output of a kubeconfig, and run `pulumi up` in that stack first";
      problems.push({ path: pathOf(["clusters", name, "kubeconfig"]), problem: found.problem, fix });
    }
  }
  return { kubeconfigs, problems };
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
