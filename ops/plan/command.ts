import { JSON_OPTION, verb } from "../verb";

export const plan = verb({
  name: "plan",
  summary: "Show what a stack file creates, offline: no engine, no cluster",
  changes: false,
  takes: "<file>",
  positionals: { file: { type: "string", demandOption: true, describe: "The stack file" } },
  options: { ...JSON_OPTION },
  examples: [
    ["fleet plan Pulumi.prod.yaml", "clusters, links, services, who may call them, accesses"],
    ["fleet plan Pulumi.prod.yaml --json | jq .links", "the same, for programs"],
  ],
  endings: { attention: "The stack file has problems.", notBegun: "The stack file cannot be read." },
  load: () => import("./main"),
});
