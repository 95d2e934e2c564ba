import { JSON_OPTION, STACK_OPTION, verb } from "../verb";

export const drain = verb({
  name: "drain",
  summary: "Show the drain status of links: whether you can remove them, or their cluster",
  changes: false,
  options: {
    ...STACK_OPTION,
    wait: { type: "number", default: 60, describe: "Seconds to wait until the links are drained" },
    ...JSON_OPTION,
  },
  examples: [["fleet drain --wait 300", "after `state: draining` was deployed"]],
  endings: {
    attention: "Something is left, or a source does not answer.",
    notBegun: "No link is draining, or the outputs cannot be read.",
  },
  load: () => import("./main"),
});
