import { FLEET_OPTIONS, INJECTED_OPTION, JSON_OPTION, verb } from "../verb";

export const access = verb({
  name: "access",
  summary:
    "Compute who really reaches each exported service, next to the callers that the stack file declares",
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
    save: { type: "string", describe: "Write the objects that were read to this file" },
    dump: { type: "string", describe: "Read a file of --save instead of the clusters" },
    ...INJECTED_OPTION,
  },
  examples: [
    ["fleet access --stack prod", "every exported service and port"],
    ["fleet access --from shop/web@us --to eu:bi/reports:http", "one question, with the reason"],
    ["fleet access --save case.json", "save the objects; the file contains no Secret"],
    ["fleet access --dump case.json", "the same, without a cluster"],
  ],
  endings: {
    attention: "Something is not known, or only an audit lets in a declared caller.",
    broken: "An undeclared caller is let in, or a declared one is kept out.",
  },
  load: () => import("./main"),
});
