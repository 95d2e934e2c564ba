import { selfSigned } from "../certificates";
import { type Sections, soundFleet } from "./sound";

const own = selfSigned({ curve: "P-256" });

/** Valid fleets in which about every setting is written, and their encrypted values. */
export function richFleets(): { readonly fleet: Sections; readonly secrets: Record<string, string> }[] {
  const stored = { secret: "stored" };
  const given = soundFleet();
  given.trust.anchors.push({ id: "own", state: "retiring", certificate: own.pem, privateKey: stored });
  const settings = { issuer: { certificate: own.pem, privateKey: stored } };
  Object.assign(given.clusters.us, settings, { adopt: true, generations: { webhooks: 2 }, ca: own.pem });
  Object.assign(given.clusters.eu, settings, { adopt: { releases: ["crds"] }, chartAccesses: ["old"] });
  Object.assign(given.clusters.apac, settings, {
    adopt: true,
    namespaces: { a: { defaultInboundPolicy: "deny" } },
    // A second one: the key has a use still when the other is spoilt.
    linkerd: { images: { pullSecret: { secret: "pull" } } },
  });
  Object.assign(given.linkerd, {
    source: { url: "https://charts.example.com", username: "fleet", password: stored },
    charts: { viz: { version: "2026.8.3", source: "https://other.example.com" } },
    viz: true,
    images: { registry: "mirror.example.com/linkerd", pullSecret: { secret: "pull" } },
  });
  given.access = { generations: [{ target: "eu", source: "us", generation: 2 }], maxAge: "90d" };
  given.observability = {
    prometheus: { namespace: "monitoring", serviceAccount: "prometheus", networks: ["10.0.0.0/8"] },
    dashboard: { namespace: "grafana" },
    scrapeInterval: "30s",
  };
  const calls = { failureAccrual: { minPenalty: "1s", maxPenalty: "2s" }, timeouts: { request: "1s" } };
  const checkout = {
    name: "checkout",
    namespace: "shop",
    ports: [8080],
    pods: { app: "checkout" },
    ...calls,
  };
  const routes = [{ path: { type: "Exact", value: "/orders" }, method: "GET" }];
  const allow = [{ namespace: "shop", serviceAccount: "web", routes }];
  given.services = [
    {
      ...checkout,
      mode: "federated",
      in: ["us", "eu"],
      allow,
      probes: ["/ready"],
      local: [{ namespace: "shop" }],
    },
    { ...checkout, mode: "gateway", in: ["apac"], allowGateway: true },
    {
      ...{ name: "web", namespace: "shop", mode: "flat", in: ["us", "eu"], ports: ["http"] },
      ...{ enforce: "audit", probes: [] },
      traffic: [{ port: 80, weights: { us: 1, eu: 2 } }],
    },
  ];

  const gateways = soundFleet();
  gateways.clusters.eu.gateway = {
    ...{ type: "emissary", address: "gw.example.com", port: 4143, probePort: 4191 },
    hosts: [{ name: "shop", hostname: "shop.example.com" }],
    mappings: [{ name: "shop", prefix: "/", service: "web.shop" }],
  };
  gateways.clusters.us.gateway = {
    type: "nodePort",
    address: ["192.0.2.1"],
    port: 30_000,
    probePort: 30_001,
  };
  gateways.clusters.apac.gateway = { type: "static", address: "gw.example.com", loadBalancerIP: "192.0.2.1" };
  gateways.topology = {
    kind: "islands",
    bridges: [
      ["us", "eu"],
      ["us", "apac"],
      ["eu", "apac"],
    ],
    links: [{ source: "us", target: "eu", modes: ["federated"] }],
    excludedLabels: ["example.com/*"],
  };
  return [
    // Without parts that are one object in two places.
    { fleet: JSON.parse(JSON.stringify(given)), secrets: { stored: own.key, pull: '{"auths":{}}' } },
    { fleet: gateways, secrets: {} },
  ];
}
