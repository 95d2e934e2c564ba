import type { Mistake } from "./sound";

const restart = (...workloads: object[]) => ({ workloads });

export const RESTART: readonly Mistake[] = [
  [
    "a selector that is a map",
    (f) => (f.restart = restart({ namespace: "shop", selector: { app: "web" } })),
    "restart.workloads[0].selector",
    "text",
  ],
  [
    "a selector in the form of a map",
    (f) => (f.restart = restart({ namespace: "shop", selector: "app: web" })),
    "restart.workloads[0].selector",
    "key=value",
  ],
  [
    "a selector with an asterisk",
    (f) => (f.restart = restart({ namespace: "shop", selector: "app=we*" })),
    "restart.workloads[0].selector",
    "kubectl",
  ],
  [
    "an empty selector",
    (f) => (f.restart = restart({ namespace: "shop", selector: "" })),
    "restart.workloads[0].selector",
    "leave it out",
  ],
  [
    "a selection without a namespace",
    (f) => (f.restart = restart({ selector: "app=web" })),
    "restart.workloads[0].namespace",
    "add",
  ],
  [
    "all namespaces by an asterisk",
    (f) => (f.restart = restart({ namespace: "*" })),
    "restart.workloads[0].namespace",
    "lower-case",
  ],
  [
    "a kind that has no pods of its own",
    (f) => (f.restart = restart({ namespace: "shop", kinds: ["CronJob"] })),
    "restart.workloads[0].kinds[0]",
    "one of them",
  ],
  [
    "a name and a selector of what restarts",
    (f) => (f.restart = restart({ namespace: "shop", name: "web", selector: "app=web" })),
    "restart.workloads[0]",
    "one of them",
  ],
  [
    "the name of a Deployment under its old key",
    (f) => (f.restart = restart({ namespace: "shop", deployment: "web" })),
    "restart.workloads[0].deployment",
    "name",
  ],
  [
    "a selection that is listed twice",
    (f) => (f.restart = restart({ namespace: "shop" }, { namespace: "shop", in: ["eu"] })),
    "restart.workloads[1]",
    "one entry",
  ],
  [
    "a selection in an unknown cluster",
    (f) => (f.restart = restart({ namespace: "shop", in: ["us", "euu"] })),
    "restart.workloads[0].in[1]",
    "eu",
  ],
  [
    "the control plane's namespace among what restarts",
    (f) => (f.restart = restart({ namespace: "linkerd" })),
    "restart.workloads[0]",
    "remove",
  ],
  [
    "the extension's namespace among what restarts",
    (f) => (f.restart = restart({ namespace: "linkerd-multicluster" })),
    "restart.workloads[0]",
    "restart.extension",
  ],
  ["nothing at once", (f) => (f.restart = { atOnce: 0 }), "restart.atOnce", "1"],
  ["everything at once", (f) => (f.restart = { atOnce: 1000 }), "restart.atOnce", "50"],
  ["a restart for no reason", (f) => (f.restart = { on: [] }), "restart.on", "fill"],
  [
    "a restart for an unknown reason",
    (f) => (f.restart = { on: ["config"] }),
    "restart.on[0]",
    "one of them",
  ],
  ["no time to become ready", (f) => (f.restart = { timeoutSeconds: 5 }), "restart.timeoutSeconds", "30"],
  [
    "restarts in both spellings",
    (f) => {
      f.restart = restart({ namespace: "shop" });
      f.trust.restart = { extension: true };
    },
    "trust.restart",
    "name",
  ],
];
