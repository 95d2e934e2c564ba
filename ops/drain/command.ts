import { JSON_OPTION, STACK_OPTION, verb } from "../verb";

export const drain = verb({
  name: "drain",
  summary: "Say whether the draining links are drained, so that they, or their cluster, may be removed",
  changes: false,
  options: {
    ...STACK_OPTION,
    wait: { type: "number", default: 60, describe: "Seconds to wait for it" },
    ...JSON_OPTION,
  },
  examples: [["fleet drain --wait 300", "after `state: draining` was deployed"]],
  endings: {
    attention: "Something is left, or a source does not answer.",
    notBegun: "No link is draining, or the outputs cannot be read.",
  },
  load: () => import("./main"),
});
