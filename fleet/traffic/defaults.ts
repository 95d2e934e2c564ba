import { exportKey } from "../config/names";
import type { ExportPlan } from "../exports/plan";
import type { ServiceSummary } from "../outputs/schema";
import type { Plan } from "../plan";
import { accrualAnnotations, DEFAULT_ACCRUAL, setsAccrual } from "./plan";

/**
 * Gives new federated services failure accrual, where the stack file says nothing of it. `last`: the services of the
 * stack's last outputs. A service that these do not hold is new, and one that had the default keeps it. One that is
 * older than the default stays as it is, and so does one with members in other stacks, which would not follow.
 */
export function withDefaultAccrual(plan: Plan, last: readonly ServiceSummary[]): Plan {
  const chosen = new Set(
    undecided(plan)
      .filter((one) => isNew(one, plan, last))
      .map(exportKey),
  );
  const exports = plan.exports.map((one): ExportPlan => {
    if (!chosen.has(exportKey(one))) return one;
    const annotations = { ...one.annotations, ...accrualAnnotations(DEFAULT_ACCRUAL) };
    return { ...one, annotations, accrual: "default" };
  });
  return { ...plan, exports };
}

/**
 * Federated services whose callers go on calling members that fail: the stack file says nothing, and the default is
 * not theirs.
 */
export function withoutAccrual(plan: Plan, last: readonly ServiceSummary[]): readonly string[] {
  const services = undecided(plan)
    .filter((one) => !isNew(one, plan, last))
    .map(({ namespace, name }) => `${namespace}/${name}`);
  return [...new Set(services)];
}

function undecided({ exports }: Plan): readonly ExportPlan[] {
  return exports.filter(
    ({ modes, annotations, accrual }) =>
      modes.includes("federated") && !setsAccrual(annotations) && accrual !== "none",
  );
}

function isNew(one: ExportPlan, { otherExports }: Plan, last: readonly ServiceSummary[]): boolean {
  const isFederated = (of: {
    readonly namespace: string;
    readonly name: string;
    readonly modes: readonly string[];
  }) => of.namespace === one.namespace && of.name === one.name && of.modes.includes("federated");
  if (otherExports.some(isFederated)) return false;
  const before = last.filter(isFederated);
  return before.length === 0 || before.some(({ accrual }) => accrual === "default");
}
