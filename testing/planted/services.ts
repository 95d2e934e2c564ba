import { BY_POD, existing, type Planted, pod, service } from "./objects";

export const SERVICES: readonly Planted[] = [
  {
    what: "an exported Service that is aimed at other pods",
    create: [pod({ labels: { app: "other" } })],
    edit: [{ of: existing("v1", "Service", "checkout"), change: { spec: { selector: { app: "other" } } } }],
    found: BY_POD,
  },
  {
    what: "an exported Service that is aimed at another port",
    edit: [
      {
        of: existing("v1", "Service", "checkout"),
        change: { spec: { ports: [{ name: "http", port: 80, targetPort: 9090 }] } },
      },
    ],
    found: /port 9090 lets in/,
  },
  {
    what: "an exported Service that leads to one more port",
    edit: [
      {
        of: existing("v1", "Service", "checkout"),
        change: {
          spec: {
            ports: [
              { name: "http", port: 80, targetPort: "http" },
              { name: "admin", port: 81, targetPort: 9090 },
            ],
          },
        },
      },
    ],
    found: /port 9090 lets in .*nothing declares them/,
  },
  {
    what: "a Service that nobody exports, with one more port",
    create: [service({ selector: { app: "other" }, ports: [{ name: "admin", port: 81, targetPort: 9090 }] })],
    found: { harmless: "nothing leads other clusters to it" },
  },
];
