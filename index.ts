// First: an older Node.js does not get through the others.
import "./components/nodeVersion";

import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "./components/fleet";
import { preflight } from "./components/preflight";
import * as sdk from "./components/sdk";
import { readStackConfig, stackIdentity } from "./components/stackConfig";
import { lastOutputs, readCrossStackOutputs, readKubeconfigs } from "./components/stackOutputs";
import { crossStackOutputsOf } from "./components/stacks/crossStack";
import { tell } from "./components/tell";
import { parseFleetConfig } from "./fleet/config/parse";
import { formatProblems } from "./fleet/config/problems";
import { decide } from "./fleet/decide";
import { describeFleet } from "./fleet/outputs/write";
import { stacksNear } from "./fleet/stacks/plan";

sdk.silenceSdkDebugMessages();

export = async () => {
  sdk.disableSdkStackTraces();
  await sdk.requirePulumi();
  const { config, problems } = parseFleetConfig(readStackConfig());
  if (problems) return sdk.stop(formatProblems(problems));

  const self = stackIdentity();
  const last = await lastOutputs();
  const others = await readCrossStackOutputs(stacksNear(config, self));
  const decision = decide(config, { self, last, ...others, now: new Date() });
  tell(decision);

  const { rotation } = decision;
  const { kubeconfigs, stored, unusable } = await readKubeconfigs(decision.plan.clusters);
  if (unusable !== undefined) return sdk.stop(unusable);
  const isPreview = pulumi.runtime.isDryRun();
  const look = await preflight(decision.plan, stored, { isPreview, last, rotation });
  tell(look);

  const { plan } = look;

  const made: pulumi.Resource[] = [];
  const fleet = new Fleet(
    "fleet",
    {
      ...{ plan, kubeconfigs, crossStack: others.crossStack },
      secret: (key) => new pulumi.Config().requireSecret(key),
    },
    { transformations: [({ resource }) => void made.push(resource)] },
  );
  const complete = await sdk.allResourcesCreated(made);
  const handover = await crossStackOutputsOf(plan, fleet.crossStackParts, last);
  return {
    ...describeFleet(plan, fleet, { complete, last }),
    /** What the other stacks of the fleet need of this one; secret. */
    ...(handover === undefined ? {} : { handover }),
  };
};
