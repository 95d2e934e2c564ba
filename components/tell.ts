import * as pulumi from "@pulumi/pulumi";
import type { StepJudgement } from "../fleet/transition/refusals";
import { stop } from "./sdk";

/** Tells a person about the step, and ends the program where it is refused. */
export function tell(
  judged: StepJudgement,
): asserts judged is StepJudgement & { readonly refusal: undefined } {
  for (const note of judged.notes) pulumi.log.info(note);
  for (const warning of judged.warnings) pulumi.log.warn(warning);
  if (judged.refusal !== undefined) stop(judged.refusal);
}
