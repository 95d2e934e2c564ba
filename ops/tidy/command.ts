import { STACK_OPTION, verb, YES_OPTION } from "../verb";

export const tidy = verb({
  name: "tidy",
  summary: "Delete what service mirrors leave behind when links are removed",
  changes:
    "clusters, after it has asked: mirror services, members of federated services and Leases to which no Link leads any more",
  takes: "<cluster..>",
  positionals: {
    cluster: {
      type: "string",
      array: true,
      demandOption: true,
      describe: "The targets of the links. It looks into every cluster of the stack",
    },
  },
  options: {
    ...STACK_OPTION,
    in: {
      type: "string",
      array: true,
      default: [],
      describe:
        "Contexts of clusters that have left the fleet. It deletes their own federated services as well",
    },
    ...YES_OPTION,
  },
  examples: [
    ["fleet tidy apac", "after `pulumi up` removed a link to apac, or apac itself"],
    ["fleet tidy latam --in latam", "the removed cluster still runs, and keeps its workloads"],
  ],
  endings: {
    well: "Nothing is left.",
    attention: "A cluster does not answer, or something could not be deleted: run it again.",
  },
  load: () => import("./main"),
});
