import type { ClusterPlan } from "../fleet/clusters/plan";
import { kubeconfigIn } from "../fleet/clusters/storedKubeconfig";
import { formatProblems, type Problem, pathOf } from "../fleet/config/problems";
import { outputsOf } from "../fleet/outputs/find";
import type { RawOutputs } from "../fleet/outputs/schema";
import { type CrossStackOutputs, readCrossStack } from "../fleet/stacks/crossStack";
import { readStackOutputs } from "./sdk";
import { stackIdentity, storedValue } from "./stackConfig";

/** All of this stack's outputs after its last deployment; none before the first. */
export function lastOutputs(): Promise<RawOutputs> {
  return readStackOutputs(stackIdentity());
}

/**
 * Cross-stack outputs of the other stacks, and why some cannot be used. A stack that does not exist yet has none.
 * `fleet`: its name, which is the same in all of its stacks.
 */
export async function readCrossStackOutputs(
  stacks: readonly string[],
  fleet: string,
): Promise<{ crossStack: Map<string, CrossStackOutputs>; unusable: string[] }> {
  const crossStack = new Map<string, CrossStackOutputs>();
  const unusable: string[] = [];
  const reads = await Promise.all(
    stacks.map(async (stack) => {
      const outputs = await existing(stack);
      return { stack, ...readCrossStack(outputs && outputsOf(fleet, outputs)) };
    }),
  );
  for (const { stack, crossStackOutputs, problem } of reads) {
    if (crossStackOutputs) crossStack.set(stack, crossStackOutputs);
    if (problem !== undefined)
      unusable.push(`stack ${stack} ${problem}: run \`pulumi up\` there with this version`);
  }
  return { crossStack, unusable };
}

/** The kubeconfigs that are stored for clusters. They are secret. */
export interface StoredKubeconfigs {
  /** Those that other stacks make, by cluster. */
  readonly kubeconfigs: ReadonlyMap<string, string>;
  /** The one of a cluster, in this stack or in another; `undefined` where the caller's own is used. */
  readonly stored: (cluster: ClusterPlan) => string | undefined;
  /** Why those of other stacks cannot be used; `undefined` if they can. */
  readonly unusable: string | undefined;
}

export async function readKubeconfigs(clusters: readonly ClusterPlan[]): Promise<StoredKubeconfigs> {
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
  return {
    kubeconfigs,
    stored: ({ name, kubeconfig }) =>
      kubeconfig && "secret" in kubeconfig ? storedValue(kubeconfig.secret) : kubeconfigs.get(name),
    unusable:
      problems.length > 0
        ? formatProblems(problems, "Kubeconfigs of other stacks cannot be used")
        : undefined,
  };
}

async function existing(stack: string): Promise<RawOutputs | undefined> {
  const [organization, project] = stackIdentity().split("/");
  try {
    return await readStackOutputs(stack.includes("/") ? stack : `${organization}/${project}/${stack}`);
  } catch (error) {
    // The words of the engine's backends for a stack that is not there. "not found" alone may be a key or a program.
    if (/unknown stack|stack \S+ not found|no stack named/i.test(error instanceof Error ? error.message : ""))
      return undefined;
    throw error;
  }
}
