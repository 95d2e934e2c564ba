import type { Mistake } from "./sound";

export const SHAPES: readonly Mistake[] = [
  ["a misspelt section", (f) => (f.topolgy = { kind: "mesh" }), "topolgy", "topology"],
  ["a missing section", (f) => delete f.linkerd, "linkerd", "add it"],
  ["a section that is text", (f) => (f.topology = "mesh"), "topology", "map"],
  ["a misspelt key", (f) => (f.linkerd.chanel = "edge"), "linkerd.chanel", "channel"],
  ["a key that exists nowhere", (f) => (f.clusters.us.password = "x"), "clusters.us.password", "remove it"],
  ["a missing key", (f) => delete f.clusters.us.apiServer, "clusters.us.apiServer", "reach the API server"],
  ["a choice that does not exist", (f) => (f.services[0].mode = "federate"), "services[0].mode", "federated"],
  ["an unknown kind of topology", (f) => (f.topology.kind = "star"), "topology.kind", "one of them"],
  [
    "an unknown kind of gateway",
    (f) => (f.clusters.eu.gateway = { type: "nodeport" }),
    "clusters.eu.gateway.type",
    "nodePort",
  ],
  ["no kind of gateway", (f) => (f.clusters.eu.gateway = { port: 1 }), "clusters.eu.gateway.type", "add it"],
  [
    "an admission that does not exist",
    (f) => (f.clusters.eu.admission = "audit"),
    "clusters.eu.admission",
    "one of them",
  ],
  ["an operator of no kind", (f) => (f.operators = ["platform"]), "operators[0]", "group:platform"],
  [
    "a group of everybody as operators",
    (f) => (f.operators = ["user:ci", "group:system:authenticated"]),
    "operators[1]",
    "that deploys",
  ],
  ["an operator by a wildcard", (f) => (f.operators = ["user:*"]), "operators[0]", "that deploys"],
  ["no operator at all", (f) => (f.operators = []), "operators", "fill"],
  ["a number where text belongs", (f) => (f.trust.anchors[0].id = 2026), "trust.anchors[0].id", "quotes"],
  ["text where a number belongs", (f) => (f.clusters.eu.wave = "1"), "clusters.eu.wave", "without quotes"],
  ["a fraction", (f) => (f.clusters.eu.wave = 1.5), "clusters.eu.wave", "round"],
  ["text where a list belongs", (f) => (f.services[0].in = "us"), "services[0].in", "list"],
  ["an empty list", (f) => (f.services[0].in = []), "services[0].in", "fill"],
  ["a setting with nothing after it", (f) => (f.clusters.eu.gateway = null), "clusters.eu.gateway", "map"],
  [
    "a port out of range",
    (f) => (f.clusters.eu.gateway = { type: "static", address: "gw.eu", port: 70_000 }),
    "clusters.eu.gateway.port",
    "65535",
  ],
  ["a time-out out of range", (f) => (f.linkerd.timeoutSeconds = 1), "linkerd.timeoutSeconds", "30"],
  ["an empty name", (f) => (f.clusters.eu.context = ""), "clusters.eu.context", "fill"],
  [
    "a cluster name with a dot",
    (f) =>
      (f.clusters["a.b"] = {
        ...f.clusters.us,
        context: "x",
        apiServer: "https://x",
        podNetworks: ["10.9.0.0/16"],
      }),
    'clusters["a.b"]',
    "without dots",
  ],
  [
    "a cluster name in upper case",
    (f) =>
      (f.clusters.UK = {
        ...f.clusters.us,
        context: "x",
        apiServer: "https://x",
        podNetworks: ["10.9.0.0/16"],
      }),
    "clusters.UK",
    "lower-case",
  ],
  [
    "a cluster name that gives no valid pod labels",
    (f) =>
      (f.clusters["u".repeat(53)] = {
        ...f.clusters.us,
        context: "x",
        apiServer: "https://x",
        podNetworks: ["10.9.0.0/16"],
      }),
    `clusters.${"u".repeat(53)}`,
    "shorten",
  ],
  [
    "a service name with a dot",
    (f) => (f.services[0].name = "shop.checkout"),
    "services[0].name",
    "without dots",
  ],
  [
    "a namespace in upper case",
    (f) => (f.services[0].namespace = "Shop"),
    "services[0].namespace",
    "lower-case",
  ],
  ["a version range", (f) => (f.linkerd.version = "^2026.8.3"), "linkerd.version", "three numbers"],
  [
    "a version called latest",
    (f) => (f.clusters.eu.linkerd = { version: "latest" }),
    "clusters.eu.linkerd.version",
    "three numbers",
  ],
  [
    "an API server without https",
    (f) => (f.clusters.eu.apiServer = "http://eu"),
    "clusters.eu.apiServer",
    "https://",
  ],
  [
    "an API server with a password",
    (f) => (f.clusters.eu.apiServer = "https://me:pw@eu"),
    "clusters.eu.apiServer",
    "remove user",
  ],
  [
    "a gateway address with a port",
    (f) => (f.clusters.eu.gateway = { type: "static", address: "gw/4143" }),
    "clusters.eu.gateway.address",
    "without scheme",
  ],
  [
    "one bad gateway address of two",
    (f) => (f.clusters.eu.gateway = { type: "static", address: ["a", "b c"] }),
    "clusters.eu.gateway.address[1]",
    "remove",
  ],
  [
    "a gateway address that is a number",
    (f) => (f.clusters.eu.gateway = { type: "static", address: 1 }),
    "clusters.eu.gateway.address",
    "quotes",
  ],
  [
    "a source range that is no network",
    (f) => (f.clusters.eu.gateway = { type: "loadBalancer", sourceRanges: ["10.0.0.0/40"] }),
    "clusters.eu.gateway.sourceRanges[0]",
    "prefix",
  ],
  ["a chart source that is no place", (f) => (f.linkerd.source = "charts"), "linkerd.source", "./"],
  [
    "an exclude that is no key",
    (f) => (f.topology.excludedLabels = ["a b"]),
    "topology.excludedLabels[0]",
    "example.com",
  ],
  ["a trust domain in upper case", (f) => (f.trust.domain = "Example.com"), "trust.domain", "lower-case"],
  [
    "a bridge of three",
    (f) => (f.topology = { kind: "islands", bridges: [["us", "eu", "apac"]] }),
    "topology.bridges[0]",
    "2",
  ],
];

export const REFERENCES: readonly Mistake[] = [
  ["an unknown hub", (f) => (f.topology = { kind: "hub", hub: "uk" }), "topology.hub", "did you mean us"],
  [
    "a link to an unknown cluster",
    (f) => f.topology.links.push({ source: "us", target: "mars" }),
    "topology.links[0].target",
    "under `clusters`",
  ],
  [
    "a link from an unknown cluster",
    (f) => f.topology.links.push({ source: "mars", target: "us" }),
    "topology.links[0].source",
    "under `clusters`",
  ],
  [
    "a bridge to an unknown cluster",
    (f) =>
      (f.topology = {
        kind: "islands",
        bridges: [
          ["us", "mars"],
          ["us", "eu"],
        ],
      }),
    "topology.bridges[0][1]",
    "under `clusters`",
  ],
  [
    "a service in an unknown cluster",
    (f) => f.services[0].in.push("mars"),
    "services[0].in[2]",
    "under `clusters`",
  ],
  ["a service twice in one cluster", (f) => f.services[0].in.push("us"), "services[0].in[2]", "remove it"],
];
