import type { Pair } from "../../../testing/authority";
import type { Hands, Undo } from "../hands";
import type { TestLab } from "../harness";

/** What a fault is planted with. */
export interface Tools {
  readonly hands: Hands;
  readonly lab: TestLab;
  /** The fleet's trust anchor. */
  readonly anchor: Pair;
}

/** One thing that goes wrong in a fleet of `us` and `eu`, and all that `verify` has to say of it. */
export interface Fault {
  readonly what: string;
  readonly plant: (tools: Tools) => Promise<Undo>;
  readonly found: readonly string[];
  /** Part of the remedy. */
  readonly remedy: string;
}

export const MULTICLUSTER = "linkerd-multicluster";
export const ACCESS = "linkerd-service-mirror-remote-access-us";
export const REFRESH = "`pulumi up --refresh --continue-on-error`";

export function mirrored(target: string): Record<string, string> {
  return { "mirror.linkerd.io/mirrored-service": "true", "mirror.linkerd.io/cluster-name": target };
}

export function both(first: Undo, second: Undo): Undo {
  return async () => {
    await second();
    await first();
  };
}
