import { z } from "zod";

/** The rules of the transition guard, by name (`fleet/transition/judge.ts`). */
export const transitionRule = z.enum([
  "drop-signing-anchor",
  "switch-anchor-early",
  "two-anchor-steps",
  "remove-undrained-link",
  "lose-link",
  "remove-undrained-cluster",
  "rename-cluster",
  "change-trust-domain",
  "change-cluster-domain",
  "change-namespace",
  "version-skew",
]);
export type TransitionRule = z.infer<typeof transitionRule>;
