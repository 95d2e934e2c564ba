import { JSON_OPTION, verb } from "../verb";

export const adopt = verb({
  name: "adopt",
  summary: "Inspect the Linkerd of existing clusters, and print the settings that adopt it",
  changes: false,
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
    ...JSON_OPTION,
  },
  examples: [["fleet adopt us eu=prod-eu > existing.yaml", "two clusters; no key is read into the settings"]],
  endings: { notBegun: "A cluster cannot be read." },
  load: () => import("./main"),
});
