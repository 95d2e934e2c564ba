import { isMap } from "../config/json";
import type { RawOutputs } from "./schema";

/**
 * Name of the fleet whose outputs stand among those of its stack, as this program exports them. Another program exports
 * the outputs of a fleet as one, which has the fleet's name.
 */
export const ROOT_FLEET = "fleet";

/** The outputs that a fleet left in its stack; none where they were not exported. */
export function outputsOf(fleet: string, stack: RawOutputs): RawOutputs {
  const own = stack[fleet];
  if (isMap(own)) return own;
  return fleet === ROOT_FLEET ? stack : {};
}

/** All fleets whose outputs a stack has, by name. */
export function fleetsIn(stack: RawOutputs): ReadonlyMap<string, RawOutputs> {
  const isFleet = (outputs: RawOutputs) => isMap(outputs.plan) && "schema" in outputs.plan;
  if (isFleet(stack)) return new Map([[ROOT_FLEET, stack]]);
  return new Map(
    Object.entries(stack).flatMap(([name, outputs]) =>
      isMap(outputs) && isFleet(outputs) ? [[name, outputs] as const] : [],
    ),
  );
}
