import type { Refusal } from "./judge";
import type { GuardRule } from "./schema";

/** How the warning of each step begins that only `allowUnsafe` lets through. */
export const LETS_PASS = "allowUnsafe lets this pass";

/** Messages to a person about a step from the last deployment to the next. */
export interface StepJudgement {
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** Why the step is refused; `undefined` if it is not. */
  readonly refusal: string | undefined;
}

/** What `allowUnsafe` lets pass is told, and what it need not name any more; the rest is refused. */
export function told(
  found: readonly Refusal[],
  allowUnsafe: readonly GuardRule[],
): Pick<StepJudgement, "warnings" | "refusal"> {
  const allowed = (refusal: Refusal): boolean => allowUnsafe.includes(refusal.rule);
  const idle = allowUnsafe.filter((rule) => !found.some((refusal) => refusal.rule === rule));
  return {
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
    `To do it anyway, once, write linkerd-fleet:allowUnsafe: [${rules.join(", ")}]`
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
