import { keepTokens } from "./access/plan";
import type { FleetConfig } from "./config/fleetConfig";
import { unselectedNotes } from "./exports/notes";
import { labelOrders } from "./exports/order";
import { gatewayNotes } from "./gateways/notes";
import { clusterNetworkNotes, grantNotes, skippedPortNotes } from "./grants/notes";
import { type RawOutputs, readOutput } from "./outputs/schema";
import { type Plan, planFleet } from "./plan";
import type { CrossStackOutputs } from "./stacks/crossStack";
import { missingTrust } from "./stacks/issuers";
import { pendingNotes, stackContext } from "./stacks/plan";
import { withDefaultAccrual } from "./traffic/defaults";
import { stackOrderNotes } from "./traffic/notes";
import { routeOrder } from "./traffic/order";
import { guardTransition } from "./transition/guard";
import type { RotationStep } from "./transition/ready";
import type { StepJudgement } from "./transition/refusals";
import { certificateNotes } from "./trust/dates";

/** Inputs of a deployment besides the stack file. */
export interface Before {
  /** This stack: `organization/project/stack`. */
  readonly self: string;
  /** The outputs of its last deployment; none before the first. */
  readonly last: RawOutputs;
  /** The cross-stack outputs of the stacks near it, by their names in the stack file. */
  readonly crossStack: ReadonlyMap<string, CrossStackOutputs>;
  /** Why the outputs of some of them cannot be used. */
  readonly unusable: readonly string[];
  readonly now: Date;
}

/** The plan to deploy, or the reasons to change nothing, and the notes to a person about the step. */
export type Decision = Accepted | Refused;

interface Accepted extends StepJudgement {
  readonly plan: Plan;
  /** What the clusters have to be asked before; `undefined` where no anchor moves. */
  readonly rotation: RotationStep | undefined;
  readonly refusal: undefined;
}

interface Refused extends StepJudgement {
  readonly plan?: undefined;
  readonly refusal: string;
}

/** Decides before the first resource: the engine deletes nothing when the program ends with an error. */
export function decide(config: FleetConfig, { self, last, crossStack, unusable, now }: Before): Decision {
  if (unusable.length > 0)
    return refuse(`Other stacks of this fleet cannot be used:\n  ${unusable.join("\n  ")}`);
  const missing = missingTrust(config, self, crossStack);
  if (missing !== undefined) return refuse(missing);
  const planned = withDefaultAccrual(
    keepTokens(planFleet(config, stackContext(self, config, crossStack)), last),
    readOutput(last, "services") ?? [],
  );
  const plan = {
    ...planned,
    labelOrder: labelOrders(last, planned.exports),
    routeOrder: routeOrder(last, planned.exports, planned.links),
  };
  const { notes, warnings, refusal, rotation } = guardTransition(last, plan, config.allowUnsafe);
  const step = {
    notes: [...pendingNotes(plan.pending), ...notes, ...grantNotes(last, plan), ...gatewayNotes(plan)],
    warnings: [
      ...warnings,
      ...unselectedNotes(config, plan, self, crossStack),
      ...stackOrderNotes(config, plan, self, last),
      ...certificateNotes(plan, now),
      ...clusterNetworkNotes(plan),
      ...skippedPortNotes(plan),
    ],
  };
  return refusal === undefined ? { ...step, plan, rotation, refusal } : { ...step, refusal };
}

function refuse(refusal: string): Refused {
  return { refusal, notes: [], warnings: [] };
}
