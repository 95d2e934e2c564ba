import { JSON_OPTION, STACK_OPTION, verb } from "../verb";

export const rotation = verb({
  name: "rotation",
  summary: "Show whether every cluster is ready for the next step of a trust anchor's rotation",
  changes: false,
  options: { ...STACK_OPTION, ...JSON_OPTION },
  examples: [["fleet rotation", "before each change of trust.anchors"]],
  endings: { attention: "A cluster is not ready." },
  load: () => import("./main"),
});
