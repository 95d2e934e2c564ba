import { z } from "zod";

/** The rules that compare two deployments, by name (`fleet/transition/judge.ts`). */
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

/** All rules of the transition guard: also the one that looks into the clusters (`fleet/transition/ready.ts`). */
export const guardRule = z.enum([...transitionRule.options, "rotate-before-ready"]);
export type GuardRule = z.infer<typeof guardRule>;
