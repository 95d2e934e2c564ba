import { STACK_OPTION, verb, YES_OPTION } from "../verb";

export const removeCluster = verb({
  name: "state remove-cluster",
  summary: "Remove a cluster that is gone for good from the state",
  changes: "the stack's state, after it has asked; it refuses a cluster that answers",
  takes: "<cluster>",
  positionals: { cluster: { type: "string", demandOption: true, describe: "The dead cluster" } },
  options: { ...STACK_OPTION, ...YES_OPTION },
  examples: [["fleet state remove-cluster eu", "so that the next `pulumi up` does not wait for it"]],
  endings: { notBegun: "The cluster answers, or you answered no; nothing was changed." },
  load: () => import("./main"),
});
