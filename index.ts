// First: an older Node.js does not get through the others.
import "./components/nodeVersion";

import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "./components/fleet";
import { preflight } from "./components/preflight";
import {
  allResourcesCreated,
  disableSdkStackTraces,
  requirePulumi,
  silenceSdkDebugMessages,
  stop,
} from "./components/sdk";
import { readStackConfig, stackIdentity } from "./components/stackConfig";
import { lastOutputs, readCrossStackOutputs, readKubeconfigs } from "./components/stackOutputs";
import { crossStackOutputsOf } from "./components/stacks/crossStack";
import type { ClusterPlan } from "./fleet/clusters/plan";
import { parseFleetConfig } from "./fleet/config/parse";
import { formatProblems } from "./fleet/config/problems";
import { decide } from "./fleet/decide";
import { readOutput } from "./fleet/outputs/schema";
import { describeFleet } from "./fleet/outputs/write";
import { readCrossStack } from "./fleet/stacks/crossStack";
import { stacksNear } from "./fleet/stacks/plan";

silenceSdkDebugMessages();

export = async () => {
  disableSdkStackTraces();
  await requirePulumi();
  const parsed = parseFleetConfig(readStackConfig());
  if (parsed.problems) return stop(formatProblems(parsed.problems));
  const self = stackIdentity();
  const last = await lastOutputs();
  const { crossStack, problems: unusable } = await readCrossStackOutputs(stacksNear(parsed.config, self));
  const {
    plan,
    rotation,
    refusal = "",
    notes,
    warnings,
  } = decide(parsed.config, {
    ...{ self, last, crossStack, unusable },
    now: new Date(),
  });
  for (const note of notes) pulumi.log.info(note);
  for (const warning of warnings) pulumi.log.warn(warning);
  if (plan === undefined) return stop(refusal);

  const config = new pulumi.Config();
  const { kubeconfigs, problems } = await readKubeconfigs(plan.clusters);
  if (problems.length > 0)
    return stop(formatProblems(problems, "Kubeconfigs of other stacks cannot be used"));
  const stored = ({ name, kubeconfig }: ClusterPlan) =>
    kubeconfig && "secret" in kubeconfig
      ? pulumi.runtime.getConfig(`${config.name}:${kubeconfig.secret}`)
      : kubeconfigs.get(name);
  const isDeployed = (cluster: string) => readOutput(last, "clusters")?.[cluster] !== undefined;
  const looked = await preflight(plan, stored, pulumi.runtime.isDryRun(), isDeployed, rotation);
  for (const note of looked.notes) pulumi.log.info(note);
  for (const warning of looked.warnings) pulumi.log.warn(warning);
  if (looked.refusal !== undefined) return stop(looked.refusal);
  if (looked.problems.length > 0)
    return stop(formatProblems(looked.problems, "The clusters do not fit the stack file"));

  const made: pulumi.Resource[] = [];
  const fleet = new Fleet(
    "fleet",
    { plan, crossStack, kubeconfigs, secret: (key) => config.requireSecret(key) },
    { transformations: [({ resource }) => void made.push(resource)] },
  );
  const complete = await allResourcesCreated(made);
  const handover = await crossStackOutputsOf(
    plan,
    fleet.crossStackParts,
    readCrossStack(last).crossStackOutputs,
  );
  return {
    ...describeFleet(plan, fleet, { complete, last }),
    /** What the other stacks of the fleet need of this one; secret. */
    ...(handover === undefined ? {} : { handover }),
  };
};
