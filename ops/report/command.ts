import { JSON_OPTION, verb } from "../verb";

export const report = verb({
  name: "report",
  summary: "Describe the output of `pulumi preview --json` in the fleet's words",
  changes: false,
  takes: "[file]",
  positionals: {
    file: { type: "string", default: "-", describe: "The output of the preview; - is standard input" },
  },
  options: {
    stack: { type: "string", default: "stack", describe: "The stack's name, for the heading" },
    "fail-on": { choices: ["risky"] as const, describe: "Exit with 1 if the preview needs a closer look" },
    ...JSON_OPTION,
  },
  examples: [
    ["pulumi preview --json | npx fleet report --stack prod", "a preview, as Markdown"],
    ["fleet report --fail-on risky preview.json", "for a pull request"],
  ],
  endings: { attention: "With --fail-on: the preview is risky.", notBegun: "The preview cannot be read." },
  load: () => import("./main"),
});
