import { FLEET_OPTIONS, INJECTED_OPTION, JSON_OPTION, verb } from "../verb";

export const poc = verb({
  name: "poc",
  summary: "Try the four gates of a proof of concept, each with evidence and a verdict",
  changes:
    "nothing without --kill or --interrupt; with them, it stops a cluster and brings it back, and kills an update and " +
    "completes it",
  options: {
    ...FLEET_OPTIONS,
    kill: { type: "string", describe: "Gate 2: a shell command that makes a cluster unreachable" },
    revive: { type: "string", describe: "Gate 2: a shell command that brings it back" },
    refuse: { type: "string", describe: "Gate 3: an identity that must be refused" },
    interrupt: {
      type: "boolean",
      default: false,
      describe: "Gate 4: deploy the upgrade that the stack file holds, and kill the engine in the middle",
    },
    ...JSON_OPTION,
    ...INJECTED_OPTION,
  },
  examples: [
    ["fleet poc", "what can be tried without changing anything"],
    ["fleet poc --kill ./stop-eu.sh --revive ./start-eu.sh", "with gate 2: you say how a cluster dies"],
  ],
  endings: { attention: "Some gates were not tried, and none failed.", broken: "A gate failed." },
  load: () => import("./main"),
});
