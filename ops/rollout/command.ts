import { JSON_OPTION, verb } from "../verb";

export const rollout = verb({
  name: "rollout",
  summary:
    "Print the order of a fleet's stacks for people, for CI or for the Pulumi operator, or deploy them",
  changes: "nothing without --up; with it, it deploys every stack",
  options: {
    file: { type: "string", default: "fleet.yaml", describe: "The fleet file" },
    ...JSON_OPTION,
    operator: { type: "boolean", default: false, describe: "Print Stack resources of the Pulumi operator" },
    repository: { type: "string", describe: "With --operator: URL of the program's repository" },
    branch: { type: "string", default: "main", describe: "With --operator: branch of the repository" },
    namespace: {
      type: "string",
      default: "pulumi",
      describe: "With --operator: namespace of the Stack resources",
    },
    up: { type: "boolean", default: false, describe: "Deploy the stacks, each after those it needs" },
    parallel: { type: "number", default: 2, describe: "With --up: number of stacks to deploy at a time" },
    restart: {
      type: "boolean",
      default: false,
      describe: "With --up: begin again instead of continuing where the last run stopped",
    },
  },
  examples: [
    ["fleet rollout", "the order, with what each stack waits for"],
    ["fleet rollout --up --parallel 4", "deploy them, four at a time"],
  ],
  endings: { broken: "A stack failed." },
  load: () => import("./main"),
});
