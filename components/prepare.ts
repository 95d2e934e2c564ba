import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../fleet/clusters/plan";
import { kubeconfigProblem } from "../fleet/clusters/storedKubeconfig";
import type { FleetConfig } from "../fleet/config/fleetConfig";
import { parseFleetConfig, type RawConfig } from "../fleet/config/parse";
import { formatProblems, type Problem, pathOf } from "../fleet/config/problems";
import { decide } from "../fleet/decide";
import { outputsOf, ROOT_FLEET } from "../fleet/outputs/find";
import type { RawOutputs } from "../fleet/outputs/schema";
import type { Plan } from "../fleet/plan";
import { configOfProgram } from "../fleet/program/given";
import type { CrossStackOutputs } from "../fleet/stacks/crossStack";
import { stacksNear } from "../fleet/stacks/plan";
import { type FleetArgs, givenBy, knownOf, type ReadArgs, readArgs } from "./given";
import { preflight, type Seen } from "./preflight";
import * as sdk from "./sdk";
import { readStackConfig, secretValue, stackIdentity } from "./stackConfig";
import { lastOutputs, readCrossStackOutputs, readKubeconfigs } from "./stackOutputs";
import { tell } from "./tell";

/** A fleet whose arguments are sound as far as they are known without waiting. */
export interface SoundFleet {
  readonly name: string;
  readonly args: ReadArgs;
  readonly stackFile: RawConfig;
  readonly config: FleetConfig;
  /** As the program writes them; `undefined` where they stand in the stack file. */
  readonly sections: Sections | undefined;
}

type Sections = Readonly<Record<string, unknown>>;

/** A fleet about which everything is decided that comes before its first resource. */
export interface PreparedFleet {
  readonly name: string;
  readonly args: ReadArgs;
  readonly config: FleetConfig;
  readonly sections: Sections | undefined;
  readonly plan: Plan;
  /** The outputs of its last deployment. */
  readonly last: RawOutputs;
  readonly crossStack: ReadonlyMap<string, CrossStackOutputs>;
  /** By cluster: kubeconfigs that other stacks make, and those that the program gives. */
  readonly kubeconfigs: ReadonlyMap<string, pulumi.Input<string>>;
  readonly secret: (key: string) => pulumi.Output<string>;
  readonly stopped: Seen["stopped"];
}

/** Ends the program with everything that is wrong with the arguments, as far as they are known without waiting. */
export function checkArgs(name: string, given: FleetArgs): SoundFleet {
  const args = readArgs(given);
  const stackFile = readStackConfig();
  return { name, args, stackFile, ...parse(name, args, stackFile) };
}

/** Decides, and looks into the clusters. Ends the program where the step is refused. */
export async function prepare(sound: SoundFleet): Promise<PreparedFleet> {
  const { name, args, stackFile } = sound;
  const addresses = await knownOf(args.apiServers);
  const { config, sections } = addresses.size === 0 ? sound : parse(name, args, stackFile, addresses);
  const self = stackIdentity();
  const stack = await lastOutputs();
  const last = outputsOf(name, stack);
  const others = await readCrossStackOutputs(stacksNear(config, self), name);
  const decision = decide(config, { self, last, ...others, now: new Date() });
  if (isLost(name, args, stack)) pulumi.log.warn(unexported(name));
  tell(decision);

  const { rotation } = decision;
  const planned = decision.plan.clusters;
  const { kubeconfigs, stored, unusable } = await readKubeconfigs(planned);
  if (unusable !== undefined) return sdk.stop(unusable);
  const given = new Map([...args.kubeconfigs, ...secretKubeconfigs(planned, args)]);
  const contents = await knownOf(given);
  refuseUnusable(planned, args, contents);
  const unseen = unseenClusters(planned, args, given, contents);
  for (const [cluster, why] of unseen) pulumi.log.warn(`The cluster ${cluster} was not looked into: ${why}`);
  const look = await preflight(decision.plan, (cluster) => contents.get(cluster.name) ?? stored(cluster), {
    ...{ isPreview: pulumi.runtime.isDryRun(), last, rotation, unseen },
    inCurrentContext: (cluster) => args.kubeconfigs.has(cluster),
  });
  tell(look);
  const { plan, stopped } = look;
  return {
    ...{ name, args, config, sections, plan, last, crossStack: others.crossStack, stopped },
    kubeconfigs: new Map<string, pulumi.Input<string>>([...kubeconfigs, ...args.kubeconfigs]),
    secret: (key) => {
      const own = args.secrets.get(key);
      return own === undefined ? secretValue(key) : pulumi.secret(own);
    },
  };
}

function parse(
  name: string,
  args: ReadArgs,
  stackFile: RawConfig,
  addresses?: ReadonlyMap<string, string>,
): Pick<SoundFleet, "config" | "sections"> {
  const raw = configOfProgram(args.sections, givenBy(args, addresses), stackFile);
  const { config, problems } = parseFleetConfig(raw);
  if (problems === undefined) {
    const { sections } = args;
    const written = sections && Object.keys(sections).map((section) => [section, raw.values[section]]);
    return { config, sections: written && Object.fromEntries(written) };
  }
  const heading = args.sections && `The arguments of the Fleet "${name}" have problems`;
  return sdk.stop(formatProblems(problems, heading));
}

/** Whether the outputs of a deployment are missing, as far as can be told: the stack has others. */
function isLost(name: string, { sections }: ReadArgs, stack: RawOutputs): boolean {
  const isOwnProgram = name === ROOT_FLEET && sections === undefined;
  return !isOwnProgram && Object.keys(stack).length > 0 && Object.keys(outputsOf(name, stack)).length === 0;
}

function unexported(name: string): string {
  return (
    `The stack has no output "${name}". Unless this is the first deployment of the Fleet "${name}", export its outputs ` +
    `under that name (\`export const ${name} = fleet.outputs\`): without them, the transition guard cannot judge a step.`
  );
}

/** Kubeconfigs to which the configuration refers as secrets, where the program gives these. */
function secretKubeconfigs(
  clusters: readonly ClusterPlan[],
  { secrets }: ReadArgs,
): [string, pulumi.Output<string>][] {
  return clusters.flatMap(({ name, kubeconfig }) => {
    const given = kubeconfig && "secret" in kubeconfig ? secrets.get(kubeconfig.secret) : undefined;
    return given === undefined ? [] : [[name, given]];
  });
}

function refuseUnusable(
  clusters: readonly ClusterPlan[],
  args: ReadArgs,
  contents: ReadonlyMap<string, string>,
): void {
  const problems = clusters.flatMap(({ name, context }): Problem[] => {
    const content = contents.get(name);
    const isOwn = args.kubeconfigs.has(name);
    const problem =
      content === undefined ? undefined : kubeconfigProblem(content, isOwn ? undefined : context);
    if (problem === undefined) return [];
    const path = pathOf(isOwn ? ["kubeconfigs", name] : ["clusters", name, "kubeconfig"]);
    return [{ path, problem, fix: "give a kubeconfig that opens this cluster by itself" }];
  });
  if (problems.length > 0) sdk.stop(formatProblems(problems, "The clusters cannot be opened"));
}

/** Clusters that this program cannot ask, and why. */
function unseenClusters(
  clusters: readonly ClusterPlan[],
  { providers }: ReadArgs,
  given: ReadonlyMap<string, unknown>,
  contents: ReadonlyMap<string, string>,
): Map<string, string> {
  return new Map(
    clusters.flatMap(({ name }): [string, string][] => {
      if (providers.has(name))
        return [
          [name, `its kubeconfig is in a provider. Give it as kubeconfigs.${name} to have it looked into`],
        ];
      return given.has(name) && !contents.has(name)
        ? [[name, "its kubeconfig is known only when the cluster is there"]]
        : [];
    }),
  );
}
