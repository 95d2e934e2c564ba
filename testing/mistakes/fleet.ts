import type { Mistake } from "./sound";

export const CLUSTERS: readonly Mistake[] = [
  ["no cluster at all", (f) => Object.assign(f, { clusters: {}, services: [] }), "clusters", "at least one"],
  [
    "a cluster called federated",
    (f) =>
      (f.clusters.federated = {
        ...f.clusters.us,
        context: "x",
        apiServer: "https://x",
        podNetworks: ["10.9.0.0/16"],
      }),
    "clusters.federated",
    "another name",
  ],
  [
    "a cluster with neither context nor kubeconfig",
    (f) => delete f.clusters.eu.context,
    "clusters.eu.context",
    "kubeconfig",
  ],
  [
    "clusters that share a context",
    (f) => (f.clusters.eu.context = "us"),
    "clusters.eu.context",
    "this cluster",
  ],
  [
    "clusters that share a kubeconfig and its context",
    (f) => {
      for (const name of ["us", "eu"])
        Object.assign(f.clusters[name], { context: "one", kubeconfig: { secret: "kubeconfigs" } });
    },
    "clusters.eu.context",
    "this cluster",
  ],
  [
    "a kubeconfig that was stored cut short",
    (f) => (f.clusters.eu.kubeconfig = { secret: "cut-short" }),
    "clusters.eu.kubeconfig",
    "store it again",
  ],
  [
    "a kubeconfig that was stored as JSON and lacks the context",
    (f) => (f.clusters.eu.kubeconfig = { secret: "kubeconfig-json" }),
    "clusters.eu.kubeconfig",
    "store it again",
  ],
  [
    "a kubeconfig of another stack without its output",
    (f) => (f.clusters.eu.kubeconfig = { stack: "acme/infra/eu" }),
    "clusters.eu.kubeconfig.output",
    "output: kubeconfig",
  ],
  [
    "a kubeconfig of another stack without its stack",
    (f) => (f.clusters.eu.kubeconfig = { output: "kubeconfig" }),
    "clusters.eu.kubeconfig.stack",
    "organization/project/stack",
  ],
  [
    "a kubeconfig from two places",
    (f) => (f.clusters.eu.kubeconfig = { secret: "kubeconfigs", stack: "infra", output: "kubeconfig" }),
    "clusters.eu.kubeconfig",
    "keep one",
  ],
  [
    "a kubeconfig from nowhere",
    (f) => (f.clusters.eu.kubeconfig = {}),
    "clusters.eu.kubeconfig",
    "{ stack, output }",
  ],
  [
    "clusters that share another stack's kubeconfig",
    (f) => {
      for (const name of ["us", "eu"])
        f.clusters[name] = {
          ...f.clusters[name],
          context: "one",
          kubeconfig: { stack: "infra", output: "kubeconfig" },
        };
    },
    "clusters.eu.context",
    "this cluster",
  ],
  [
    "clusters that share an API server",
    (f) => (f.clusters.eu.apiServer = "https://API.us.example.com:443/"),
    "clusters.eu.apiServer",
    "this cluster",
  ],
  [
    "one port for gateway and probe",
    (f) => (f.clusters.eu.gateway = { type: "static", address: "gw.eu", port: 4191 }),
    "clusters.eu.gateway.probePort",
    "different",
  ],
  [
    "a load balancer at other ports than the proxy's",
    (f) => (f.clusters.eu.gateway = { type: "loadBalancer", port: 8443 }),
    "clusters.eu.gateway.port",
    "remove",
  ],
  [
    "ports of an Emissary whose Service is asked for its address",
    (f) => (f.clusters.eu.gateway = { type: "emissary", probePort: 8191 }),
    "clusters.eu.gateway.probePort",
    "address",
  ],
  [
    "an Emissary whose proxy would not see the links",
    (f) => (f.clusters.eu.gateway = { type: "emissary", skipInboundPorts: [8080, 4143] }),
    "clusters.eu.gateway.skipInboundPorts[1]",
    "public",
  ],
  [
    "two mappings of one name",
    (f) => {
      const mapping = { name: "web", prefix: "/", service: "web.shop:80" };
      f.clusters.eu.gateway = { type: "emissary", mappings: [mapping, { ...mapping, prefix: "/b" }] };
    },
    "clusters.eu.gateway.mappings[1].name",
    "another name",
  ],
  [
    "a mapping of no path",
    (f) => {
      const mapping = { name: "web", prefix: "web", service: "web.shop:80" };
      f.clusters.eu.gateway = { type: "emissary", mappings: [mapping] };
    },
    "clusters.eu.gateway.mappings[0].prefix",
    "slash",
  ],
  [
    "another control-plane namespace in one cluster",
    (f) => (f.clusters.eu.linkerd = { namespace: "mesh" }),
    "clusters.eu.linkerd.namespace",
    "linkerd.namespace",
  ],
  [
    "an authority that is no certificate",
    (f) => (f.clusters.eu.ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
    "clusters.eu.ca",
    "again",
  ],
];

const eu = { target: "eu", source: "us", generation: 2 };

export const ACCESSES: readonly Mistake[] = [
  [
    "an access listed twice",
    (f) => (f.access = { generations: [eu, { ...eu, generation: 3 }] }),
    "access.generations[1]",
    "one entry",
  ],
  [
    "the generation of an access that no link needs",
    (f) => {
      f.topology = { kind: "links", links: [{ source: "eu", target: "us" }] };
      f.services = [];
      f.access = { generations: [eu] };
    },
    "access.generations[0]",
    "a link",
  ],
  [
    "the generation of an access of an unknown cluster",
    (f) => (f.access = { generations: [{ ...eu, source: "ues" }] }),
    "access.generations[0].source",
    "us",
  ],
  ["an age without its unit", (f) => (f.access = { maxAge: "90" }), "access.maxAge", "90d"],
];

export const TOPOLOGY: readonly Mistake[] = [
  [
    "a link to oneself",
    (f) => f.topology.links.push({ source: "us", target: "us" }),
    "topology.links[0].target",
    "another cluster",
  ],
  [
    "a link listed twice",
    (f) => f.topology.links.push({ source: "us", target: "eu" }, { source: "us", target: "eu" }),
    "topology.links[1]",
    "one entry",
  ],
  [
    "an island without region",
    (f) => {
      f.topology.kind = "islands";
      delete f.clusters.apac.region;
      f.topology.bridges = [["us", "eu"]];
    },
    "clusters.apac.region",
    "region",
  ],
  [
    "a bridge inside one region",
    (f) => {
      f.clusters.eu.region = "us";
      f.topology = { kind: "islands", bridges: [["us", "eu"]] };
    },
    "topology.bridges[0]",
    "remove",
  ],
  [
    "a bridge to oneself",
    (f) =>
      (f.topology = {
        kind: "islands",
        bridges: [
          ["us", "us"],
          ["us", "eu"],
        ],
      }),
    "topology.bridges[0]",
    "two regions",
  ],
  [
    "a bridge listed twice",
    (f) =>
      (f.topology = {
        kind: "islands",
        bridges: [
          ["us", "eu"],
          ["eu", "us"],
        ],
      }),
    "topology.bridges[1]",
    "remove",
  ],
  [
    "links that carry nothing",
    (f) => {
      f.clusters.apac.gateway = { type: "none" };
      delete f.clusters.apac.network;
    },
    "clusters.apac.gateway",
    "shared network",
  ],
  [
    "a flat link without a shared network",
    (f) => {
      delete f.clusters.apac.network;
      f.topology.links = [{ source: "us", target: "apac", modes: ["gateway", "flat"] }];
    },
    "topology.links[0].modes[1]",
    "network",
  ],
  [
    "a federated link without a shared network",
    (f) => {
      f.clusters.apac.network = "island";
      f.topology.links = [{ source: "us", target: "apac", modes: ["federated"] }];
    },
    "topology.links[0].modes[0]",
    "network",
  ],
  [
    "a gateway link to a cluster without gateway",
    (f) => {
      f.clusters.apac.gateway = { type: "none" };
      f.topology.links = [{ source: "us", target: "apac", modes: ["gateway"] }];
    },
    "topology.links[0].modes[0]",
    "give it one",
  ],
];
