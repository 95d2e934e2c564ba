import { accessChecks } from "./checks/access";
import type { Check } from "./checks/check";
import { clusterChecks } from "./checks/clusters";
import { deploymentChecks } from "./checks/deployment";
import { effectChecks } from "./checks/effects";
import { serviceChecks } from "./checks/exports";
import { gatewayChecks } from "./checks/gateways";

import { linkChecks } from "./checks/links";
import { objectChecks } from "./checks/objects";
import { restartChecks } from "./checks/restart";
import { trustChecks } from "./checks/trust";
import { orphanChecks } from "./checks/undeclared";
import type { Finding, Judgement } from "./finding";
import type { FleetState } from "./read";

export const CHECKS: readonly Check[] = [
  ...clusterChecks,
  ...deploymentChecks,
  ...objectChecks,
  ...trustChecks,
  ...restartChecks,
  ...accessChecks,
  ...linkChecks,
  ...gatewayChecks,
  ...serviceChecks,
  ...effectChecks,
  ...orphanChecks,
];

export type Outcome = "ok" | Finding["severity"];

export interface Result extends Judgement {
  readonly check: string;
  readonly outcome: Outcome;
}

export function judge(fleet: FleetState): Result[] {
  return CHECKS.flatMap((check) =>
    check.judge(fleet).map(({ subject, findings }) => ({
      ...{ check: check.name, subject, findings },
      outcome: worst(findings.map(({ severity }) => severity)),
    })),
  );
}

/**
 * The worst of several outcomes; what could not be judged is better than what is wrong, and worse than what is well.
 */
export function worst(outcomes: readonly Outcome[]): Outcome {
  return (["error", "warning", "unknown"] as const).find((outcome) => outcomes.includes(outcome)) ?? "ok";
}
