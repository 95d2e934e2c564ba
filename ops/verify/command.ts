import { FLEET_OPTIONS, INJECTED_OPTION, JSON_OPTION, verb } from "../verb";

export const verify = verb({
  name: "verify",
  summary: "Compare every cluster with the stack file, and name a remedy for each difference",
  changes: false,
  options: {
    ...FLEET_OPTIONS,
    ...JSON_OPTION,
    junit: { type: "boolean", default: false, describe: "Print JUnit XML, for CI servers" },
    watch: { type: "boolean", default: false, describe: "Repeat until Ctrl-C" },
    every: { type: "number", default: 30, describe: "Seconds between two runs of --watch" },
    ...INJECTED_OPTION,
  },
  examples: [
    ["fleet verify", "the fleet of the selected stack"],
    ["fleet verify --stack prod --junit > verify.xml", "another stack, for a CI server"],
    ["fleet verify --watch --every 10", "while something is being repaired"],
  ],
  endings: { attention: "There are warnings and no failures.", broken: "There are failures." },
  load: () => import("./main"),
});
