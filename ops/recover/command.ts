import { STACK_OPTION, verb, YES_OPTION } from "../verb";

export const recover = verb({
  name: "recover",
  summary: "Repair a stack whose engine was killed",
  changes: "the stack's state and Helm's records, after it has shown what and asked",
  options: { ...STACK_OPTION, ...YES_OPTION },
  examples: [["fleet recover", "after an interrupted `pulumi up`; look, then answer"]],
  endings: {
    attention: "A cluster did not answer; what is in doubt there stays marked: run it again.",
    notBegun: "It refuses, or you answered no; nothing was changed.",
  },
  load: () => import("./main"),
});
