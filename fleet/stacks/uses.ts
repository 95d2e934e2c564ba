import { linkName } from "../config/names";
import { fleetsIn } from "../outputs/find";
import { type RawOutputs, readOutput } from "../outputs/schema";

/** What one stack of a fleet still uses of another one. */
export interface Uses {
  /** Its links into clusters of the other. */
  readonly links: readonly string[];
  /** Its clusters: their issuers are of the anchors that the fleet shares. */
  readonly clusters: readonly string[];
}

/** Reads it in the outputs of the stack. `own`: the clusters of the other one. */
export function usesOf(stack: RawOutputs, own: ReadonlySet<string>): Uses {
  const fleets = [...fleetsIn(stack).values()];
  return {
    links: fleets
      .flatMap((outputs) => readOutput(outputs, "links") ?? [])
      .filter(({ target, state }) => own.has(target) && state !== "pending")
      .map(linkName),
    clusters: fleets.flatMap((outputs) => Object.keys(readOutput(outputs, "plan")?.clusters ?? {})),
  };
}
