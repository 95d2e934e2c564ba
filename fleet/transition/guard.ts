import { deploymentOf, readDeployment } from "../outputs/deployed";
import type { RawOutputs } from "../outputs/schema";
import type { Plan } from "../plan";
import { judgeTransition } from "./judge";
import { LOOKS, type RotationStep, rotationStep } from "./ready";
import { type StepJudgement, told } from "./refusals";
import { rotationNotes } from "./rotation";
import type { GuardRule } from "./schema";

/** What two deployments say of a step, and what is left to ask the clusters. */
export interface TransitionJudgement extends StepJudgement {
  readonly rotation?: RotationStep;
}

/**
 * Judges the step from what the stack's outputs say to the plan. `allowUnsafe` lets single rules pass, and is told.
 */
export function guardTransition(
  outputs: RawOutputs,
  plan: Plan,
  allowUnsafe: readonly GuardRule[],
): TransitionJudgement {
  const last = readDeployment(outputs);
  if (!last.known) {
    return last.unknown === "none"
      ? {
          notes: [
            "No complete deployment in the stack's outputs (a first one, or they were lost): nothing to compare with",
          ],
          warnings: [],
          refusal: undefined,
        }
      : {
          notes: [],
          warnings: [
            "The stack's outputs are those of another version of this program, or damaged: no rule of the " +
              "transition guard can judge this step. Compare it with the last stack file yourself",
          ],
          refusal: undefined,
        };
  }
  const next = deploymentOf(plan);
  const rotation = rotationStep(outputs, last.known, next, allowUnsafe);
  // Whether the rule that looks into the clusters is named in vain is for the look to say, where there is one.
  const asked = rotation ? allowUnsafe.filter((rule) => rule !== LOOKS) : allowUnsafe;
  return {
    notes: rotationNotes(last.known, next),
    ...told(judgeTransition(last.known, next), asked),
    ...(rotation && { rotation }),
  };
}
