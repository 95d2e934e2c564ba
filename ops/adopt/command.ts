import { JSON_OPTION, verb } from "../verb";

export const adopt = verb({
  name: "adopt",
  summary: "Inspect the Linkerd of existing clusters, and print the settings that adopt it",
  changes: "nothing; with `--mark`, only Helm's ownership marks on the objects that `linkerd install` made",
  takes: "<cluster..>",
  positionals: {
    cluster: {
      type: "string",
      array: true,
      demandOption: true,
      describe: "Clusters to inspect: the name, or NAME=CONTEXT if the kubeconfig uses another name",
    },
  },
  options: {
    namespace: { type: "string", default: "linkerd", describe: "The namespace of the control plane" },
    mark: {
      type: "boolean",
      default: false,
      describe:
        "Print no settings. Instead, mark the objects of charts that are no Helm release as Helm's own, so that `pulumi up` takes " +
        "them over with every version of the provider",
    },
    ...JSON_OPTION,
  },
  examples: [
    ["fleet adopt us eu=prod-eu > existing.yaml", "two clusters; no key is read into the settings"],
    ["fleet adopt eu=prod-eu --mark", "after `linkerd install`, right before the first `pulumi up`"],
  ],
  endings: { notBegun: "A cluster cannot be read, or an object cannot be marked." },
  load: () => import("./main"),
});
