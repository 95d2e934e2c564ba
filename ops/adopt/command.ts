import { JSON_OPTION, verb } from "../verb";

export const adopt = verb({
  name: "adopt",
  summary: "Read the Linkerd that clusters have, and print the settings that adopt it",
  changes: false,
  takes: "<cluster..>",
  positionals: {
    cluster: {
      type: "string",
      array: true,
      demandOption: true,
      describe: "Clusters to read: the name, or NAME=CONTEXT where the kubeconfig calls it otherwise",
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
