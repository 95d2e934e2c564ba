import { JSON_OPTION, STACK_OPTION, verb } from "../verb";

export const rotation = verb({
  name: "rotation",
  summary: "Show whether every cluster is ready for the next step of a trust anchor's rotation",
  changes: false,
  options: {
    ...STACK_OPTION,
    ...JSON_OPTION,
    watch: {
      type: "boolean",
      default: false,
      describe:
        "Look again every ten seconds, print the progress of each cluster, and end when all are ready",
    },
  },
  examples: [
    ["fleet rotation", "before each change of trust.anchors"],
    ["fleet rotation --watch", "while pods restart: the progress of each cluster in percent"],
  ],
  endings: { attention: "A cluster is not ready." },
  load: () => import("./main"),
});
