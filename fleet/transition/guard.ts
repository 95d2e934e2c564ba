import { deploymentOf, readDeployment } from "../outputs/deployed";
import type { Plan } from "../plan";
import { judgeTransition, type Refusal } from "./judge";
import { rotationNotes } from "./rotation";
import type { TransitionRule } from "./schema";

/** How the warning of each step begins that only `allowUnsafe` lets through. */
export const LETS_PASS = "allowUnsafe lets this pass";

/** Messages to a person about a step from the last deployment to the next. */
export interface StepJudgement {
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** Why the step is refused; `undefined` if it is not. */
  readonly refusal: string | undefined;
}

/** Judges the step from what the stack's outputs say to the plan. `allowUnsafe` lets single rules pass, and is told. */
export function guardTransition(
  outputs: Readonly<Record<string, unknown>>,
  plan: Plan,
  allowUnsafe: readonly TransitionRule[],
): StepJudgement {
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
  const found = judgeTransition(last.known, next);
  const allowed = (refusal: Refusal): boolean => allowUnsafe.includes(refusal.rule);
  const idle = allowUnsafe.filter((rule) => !found.some((refusal) => refusal.rule === rule));
  return {
    notes: rotationNotes(last.known, next),
    warnings: [
      ...grouped(found.filter(allowed)).map(
        ({ rule, what, why }) => `${LETS_PASS} ${rule}: ${what}. Without it: ${why}`,
      ),
      ...idle.map(
        (rule) => `allowUnsafe: nothing is in the way of ${rule} any more. Remove it from the stack file`,
      ),
    ],
    refusal: formatRefusals(found.filter((refusal) => !allowed(refusal))),
  };
}

function formatRefusals(refusals: readonly Refusal[]): string | undefined {
  if (refusals.length === 0) return undefined;
  const parts = grouped(refusals).map(
    ({ rule, what, why, path }) => `  ${rule}: ${what}\n    ${why}\n    → ${path}`,
  );
  const rules = [...new Set(refusals.map(({ rule }) => rule))];
  return (
    `This step from the last deployment is not safe. Nothing was changed.\n${parts.join("\n")}\n` +
    `To do it all the same, once, write linkerd-fleet:allowUnsafe: [${rules.join(", ")}]`
  );
}

/** Many of one kind are told once: a topology may lose hundreds of links in one line. */
function grouped(refusals: readonly Refusal[]): Refusal[] {
  const kinds = Map.groupBy(refusals, ({ rule, why, path }) => JSON.stringify([rule, why, path]));
  return [...kinds.values()].flatMap((alike) =>
    alike.slice(0, 1).map((first) => {
      const more = alike.length > SHOWN ? `; and ${alike.length - SHOWN} more` : "";
      const shown = alike.slice(0, SHOWN).map(({ what }) => what);
      return { ...first, what: shown.join("; ") + more };
    }),
  );
}

const SHOWN = 6;
