import { BY_POD, closes, type Planted, pod } from "./objects";

const annotated = (name: string, value: string) =>
  pod({ annotations: { [`config.linkerd.io/${name}`]: value } });

export const PODS: readonly Planted[] = [
  {
    what: "a pod in the host's network",
    create: [pod({ proxy: false, spec: { hostNetwork: true } })],
    found: BY_POD,
  },
  { what: "a pod without a proxy", create: [pod({ proxy: false })], found: BY_POD },
  {
    what: "a pod that keeps the port from its proxy",
    create: [annotated("skip-inbound-ports", "8000-8100")],
    found: BY_POD,
  },
  {
    what: "a pod that keeps another port from its proxy",
    create: [annotated("skip-inbound-ports", "22")],
    found: { harmless: "it is another port" },
  },
  {
    what: "a pod that keeps a network from its proxy",
    create: [annotated("skip-subnets", "10.0.0.0/8")],
    found: BY_POD,
  },
  {
    what: "a pod whose port has another name",
    create: [pod({ ports: [{ name: "web", containerPort: 8080 }] })],
    found: closes(""),
  },
  {
    what: "a pod with one more port",
    create: [pod({ ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9090 }] })],
    found: /port 9090 lets in .*Pod shop\/planted/,
  },
  {
    what: "a pod with an open default policy",
    create: [annotated("default-inbound-policy", "all-unauthenticated")],
    found: { harmless: "a Server stands before it" },
  },
  {
    what: "a pod with an opaque port",
    create: [annotated("opaque-ports", "8080")],
    found: { harmless: "the Server says the protocol" },
  },
  {
    what: "an open default policy of the namespace",
    edit: [
      {
        of: { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
        change: {
          metadata: { annotations: { "config.linkerd.io/default-inbound-policy": "all-unauthenticated" } },
        },
      },
    ],
    found: { harmless: "a Server stands before it" },
  },
];
