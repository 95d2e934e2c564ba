import { JSON_OPTION, verb } from "../verb";

export const check = verb({
  name: "check",
  summary: "Report every problem of a stack file, offline: no engine, no cluster",
  changes: false,
  takes: "[file..]",
  positionals: {
    file: {
      type: "string",
      array: true,
      default: [],
      describe: "Stack files; by default the stack's, or every Pulumi.<stack>.yaml of this folder",
    },
  },
  options: {
    stack: { type: "string", describe: "The stack whose file to check; by default $PULUMI_STACK" },
    ...JSON_OPTION,
  },
  examples: [
    ["fleet check", "every stack file of this folder"],
    ["fleet check Pulumi.prod.yaml --json", "the problems of one file, each with its path and fix"],
  ],
  endings: { attention: "A file has problems.", notBegun: "A file cannot be read." },
  load: () => import("./main"),
});
