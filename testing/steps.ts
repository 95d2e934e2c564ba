import { deploymentOf } from "../fleet/outputs/deployed";
import type { Deployment } from "../fleet/outputs/schema";
import { planFleet } from "../fleet/plan";
import { judgeTransition } from "../fleet/transition/judge";
import { configOf, type FleetInput } from "./arbitraries";
import { type Sections, soundFleet } from "./mistakes/sound";

/** The rules that refuse the step from a sound fleet, itself changed by `first`, to what `then` makes of it. */
export function refused(
  then: (fleet: Sections) => void,
  first: (fleet: Sections) => void = () => {},
): string[] {
  const last = soundFleet();
  first(last);
  const next = structuredClone(last);
  then(next);
  return judgeTransition(deployed(last), deployed(next)).map(({ rule, what }) => `${rule}: ${what}`);
}

export function deployed(fleet: Sections): Deployment {
  return deploymentOf(planFleet(configOf(fleet as FleetInput)));
}

export const anchors =
  (...states: [id: string, state: string][]) =>
  (fleet: Sections) => {
    fleet.trust.anchors = states.map(([id, state]) => ({ id, state }));
  };
