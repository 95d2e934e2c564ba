import { STACK_OPTION, verb, YES_OPTION } from "../verb";

export const destroy = verb({
  name: "destroy",
  summary: "Remove the fleet of a stack, with what service mirrors leave behind in its clusters",
  changes: "the stack and its clusters, after it has asked: it deletes everything that the stack made",
  options: { ...STACK_OPTION, ...YES_OPTION },
  examples: [
    ["fleet destroy", "the selected stack's; run it again if a cluster did not answer"],
    ["fleet destroy --stack prod-eu --yes", "one stack of several, without being asked"],
  ],
  endings: {
    well: "Nothing of the fleet is left.",
    attention: "A cluster does not answer, or something could not be deleted in it: run it again.",
    broken: "The engine could not delete something in a cluster that answers.",
    notBegun: "Other stacks use its trust anchors, or other resources are protected, or you said no.",
  },
  load: () => import("./main"),
});
