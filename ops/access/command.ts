import { FLEET_OPTIONS, JSON_OPTION, verb } from "../verb";

export const access = verb({
  name: "access",
  summary: "Compute who really reaches each exported service, next to whom the stack file declares",
  changes: false,
  options: {
    ...FLEET_OPTIONS,
    ...JSON_OPTION,
    from: {
      type: "string",
      describe: "One caller: <namespace>/<service account>@<cluster>, or unmeshed@<cluster>",
      implies: "to",
    },
    to: {
      type: "string",
      describe: "Its target: <cluster>:<namespace>/<service>:<port>",
      implies: "from",
    },
    method: { type: "string", describe: "The HTTP method of its request", implies: "from" },
    path: { type: "string", describe: "The path of its request", implies: "from" },
    save: { type: "string", describe: "Write what was read of the clusters to this file" },
    dump: { type: "string", describe: "Read such a file instead of the clusters" },
    "as-injected": {
      type: "boolean",
      default: false,
      describe: "Take pods that ask for a proxy and have none as if they had one: the lab has no mesh",
    },
  },
  examples: [
    ["fleet access --stack prod", "every exported service and port"],
    ["fleet access --from shop/web@us --to eu:bi/reports:http", "one question, with the reason"],
    ["fleet access --save case.json", "keep what was read; no Secret is in it"],
    ["fleet access --dump case.json", "again, with no cluster at hand"],
  ],
  endings: {
    attention: "A cluster could not be read, or something depends on what cannot be known.",
    broken: "Somebody undeclared is let in, or somebody declared is kept out.",
  },
  load: () => import("./main"),
});
