import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "./components/fleet";
import { preflight } from "./components/preflight";
import { completed } from "./components/sdk/completed";
import { readStackConfig, stackIdentity } from "./components/sdk/stackConfig";
import { lastOutputs, readHandovers } from "./components/sdk/stackOutputs";
import { withoutStackTraces } from "./components/sdk/stackTraces";
import { handoverOf } from "./components/stacks/handover";
import { keepTokens } from "./fleet/access/plan";
import type { ClusterPlan } from "./fleet/clusters/plan";
import { parseFleetConfig } from "./fleet/config/parse";
import { formatProblems } from "./fleet/config/problems";
import { gatewayNotes } from "./fleet/gateways/notes";
import { grantNotes } from "./fleet/grants/notes";
import {
  describeAccesses,
  describeClusters,
  describeLinks,
  describePlan,
  describeServices,
} from "./fleet/outputs/summary";
import { planFleet } from "./fleet/plan";
import { readHandover } from "./fleet/stacks/handover";
import { anchorsFirst, missingAnchors, pendingNotes, stacksNear, surroundings } from "./fleet/stacks/plan";
import { deployedAfter } from "./fleet/transition/deployment";
import { guardTransition } from "./fleet/transition/guard";

// The SDK's debug messages quote each resource, secrets in plain text. The engine shows them to nobody unless asked, but
// event logs and the JSON streams of `up` and `preview` hold them.
Object.assign(pulumi.log, { debug: () => Promise.resolve() });

export = async () => {
  withoutStackTraces();
  const parsed = parseFleetConfig(readStackConfig());
  if (parsed.problems) return stop(formatProblems(parsed.problems));
  // Before the first resource: the engine deletes nothing when the program ends with an error.
  const last = await lastOutputs();
  const self = stackIdentity();
  const { handovers, problems } = await readHandovers(stacksNear(parsed.config, self));
  if (problems.length > 0)
    return stop(`Other stacks of this fleet cannot be used:\n  ${problems.join("\n  ")}`);
  const unmade = missingAnchors(parsed.config, self, handovers);
  if (unmade.length > 0) return stop(anchorsFirst(unmade, parsed.config));
  const plan = keepTokens(planFleet(parsed.config, surroundings(self, parsed.config, handovers)), last);
  for (const note of pendingNotes(plan.pending)) pulumi.log.info(note);
  const { notes, warnings, refusal } = guardTransition(last, plan, parsed.config.allowUnsafe);
  for (const note of [...notes, ...grantNotes(last, plan), ...gatewayNotes(plan)]) pulumi.log.info(note);
  for (const warning of warnings) pulumi.log.warn(warning);
  if (refusal !== undefined) return stop(refusal);

  const config = new pulumi.Config();
  const stored = ({ kubeconfig }: ClusterPlan) =>
    kubeconfig && pulumi.runtime.getConfig(`${config.name}:${kubeconfig.secret}`);
  const looked = await preflight(plan, stored, pulumi.runtime.isDryRun());
  for (const warning of looked.warnings) pulumi.log.warn(warning);
  if (looked.problems.length > 0)
    return stop(formatProblems(looked.problems, "The clusters lack what the stack file needs"));

  const made: pulumi.Resource[] = [];
  const fleet = new Fleet(
    "fleet",
    { plan, handovers, secret: (key) => config.requireSecret(key) },
    { transformations: [({ resource }) => void made.push(resource)] },
  );
  const complete = await completed(made);
  const handover = await handoverOf(plan, fleet.handover, readHandover(last).handover);
  return {
    /** Each cluster: address, region, network, gateway, version. */
    clusters: describeClusters(plan, fleet.gatewayAddresses),
    /** Each link: source, target, what it carries. */
    links: describeLinks(plan),
    /** Each access: source, target, which token is used and which are still valid. */
    accesses: describeAccesses(plan, complete),
    /** Each service that crosses, and the clusters that serve it. */
    services: describeServices(plan, fleet.sourcesOfTruth),
    /** What the other stacks of the fleet need of this one; secret. */
    ...(handover === undefined ? {} : { handover }),
    /** PEM of all trust anchors. */
    trustBundle: fleet.trustBundle,
    /** What this program decided, in plain data. */
    plan: describePlan(plan),
    /** The last deployment in which nothing failed: what every cluster has been given. */
    deployed: deployedAfter(last, plan, complete),
  };
};

/** Ends the program with words for a person. */
function stop(message: string): never {
  const error = new pulumi.RunError(message);
  // A RunError's stack is not shown, but the SDK renders it all the same, at a cost of 15 s.
  error.stack = message;
  throw error;
}
