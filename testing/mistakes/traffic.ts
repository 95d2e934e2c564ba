import type { Mistake, Sections } from "./sound";

/** A second service: `reports`, flat, in us and eu. */
export function reports(more: object): (f: Sections) => void {
  return (f) =>
    f.services.push({
      name: "reports",
      namespace: "bi",
      mode: "flat",
      in: ["us", "eu"],
      ports: [8080],
      ...more,
    });
}

export const half = { port: 80, weights: { us: 50, eu: 50 } };

const many = (f: Sections) =>
  Array.from({ length: 17 }, (_, at) => {
    const name = `c${at}`;
    const podNetworks = [`10.${100 + at}.0.0/16`];
    f.clusters[name] = { ...f.clusters.us, context: name, apiServer: `https://${name}`, podNetworks };
    return name;
  });

export const TRAFFIC: readonly Mistake[] = [
  [
    "weights for more clusters than a route takes",
    (f) => {
      const names = many(f);
      const weights = Object.fromEntries(names.map((name) => [name, 1]));
      reports({ in: names, traffic: { port: 80, weights } })(f);
    },
    "services[1].traffic.weights",
    "fewer clusters",
  ],
  [
    "more standbys than a route takes",
    (f) => {
      const allow = [{ namespace: "bi" }];
      reports({ in: many(f), allow, traffic: { port: 80, prefer: "local" } })(f);
    },
    "services[1].traffic.prefer",
    "fewer clusters",
  ],
  [
    "a limit of no time",
    (f) => Object.assign(f.services[0], { timeouts: { request: "0s" } }),
    "services[0].timeouts.request",
    "leave it out",
  ],
  [
    "tries of no time",
    (f) => Object.assign(f.services[0], { retries: { timeout: "0ms" } }),
    "services[0].retries.timeout",
    "leave it out",
  ],
  [
    "the evacuation of a service's last member",
    (f) => {
      reports({ in: ["eu"] })(f);
      f.clusters.eu.evacuate = true;
    },
    "clusters.eu.evacuate",
    "another cluster",
  ],
  [
    "the evacuation of all members but a draining one",
    (f) => {
      f.clusters.eu.evacuate = true;
      f.clusters.us.state = "draining";
    },
    "clusters.eu.evacuate",
    "another cluster",
  ],
  [
    "an evacuation that leaves the gateway mode of a federated service without member",
    (f) => {
      f.services.push({ ...f.services[0], mode: "gateway", in: ["eu"], allowGateway: true });
      f.clusters.eu.evacuate = true;
    },
    "clusters.eu.evacuate",
    "remove the service",
  ],
  [
    "the evacuation of the only member that a cluster is linked to",
    (f) => {
      f.clusters.eu.evacuate = true;
      f.topology = {
        kind: "links",
        links: [
          { source: "apac", target: "eu" },
          { source: "eu", target: "us" },
        ],
      };
    },
    "clusters.eu.evacuate",
    "linked to export it",
  ],
  [
    "an evacuation that leaves a cluster a member behind a draining link",
    (f) => {
      f.clusters.eu.evacuate = true;
      f.topology.links.push({ source: "apac", target: "us", state: "draining" });
    },
    "clusters.eu.evacuate",
    "linked to export it",
  ],
  [
    "weights for callers that do not see the mirror",
    reports({ to: ["eu", "apac"], traffic: [half] }),
    "services[1].traffic[0].weights.eu",
    "add us to",
  ],
  [
    "an evacuation that leaves a named cluster without member",
    (f) => {
      f.services = [
        { ...f.services[0], in: ["eu"], to: ["apac", "us"] },
        { ...f.services[0], in: ["us"], to: ["eu"] },
      ];
      f.clusters.eu.evacuate = true;
    },
    "clusters.eu.evacuate",
    "linked to export it",
  ],
  [
    "weights of a federated service",
    (f) => (f.services[0].traffic = [half]),
    "services[0].traffic",
    "flat or gateway",
  ],
  [
    "weights of a headless service",
    reports({ headless: true, traffic: [half] }),
    "services[1].traffic",
    "remove",
  ],
  [
    "weights of a service that speaks no HTTP",
    reports({ protocol: "opaque", traffic: [half] }),
    "services[1].traffic",
    "remove",
  ],
  [
    "the weight of a cluster that does not export",
    reports({ traffic: [{ port: 80, weights: { us: 1, apac: 1 } }] }),
    "services[1].traffic[0].weights.apac",
    "services[1].in",
  ],
  [
    "traffic from a cluster without the Service",
    reports({ traffic: [{ ...half, from: ["us", "apac"] }] }),
    "services[1].traffic[0].from[1]",
    "services[1].in",
  ],
  [
    "traffic from a cluster that does not exist",
    reports({ traffic: [{ ...half, from: ["uss"] }] }),
    "services[1].traffic[0].from[0]",
    "us?",
  ],
  [
    "the weight of a cluster that does not exist",
    reports({ traffic: [{ port: 80, weights: { us: 1, euu: 1 } }] }),
    "services[1].traffic[0].weights.euu",
    "eu?",
  ],
  [
    "a division that is written twice",
    reports({ traffic: [half, { ...half, from: ["eu"] }] }),
    "services[1].traffic[1]",
    "one entry",
  ],
  [
    "weights over a link that is not there",
    (f) => {
      reports({ traffic: [{ ...half, from: ["us"] }] })(f);
      f.topology = {
        kind: "links",
        links: [
          { source: "eu", target: "us" },
          { source: "us", target: "eu", modes: ["gateway", "federated"] },
          { source: "apac", target: "eu" },
        ],
      };
    },
    "services[1].traffic[0].weights.eu",
    "link them",
  ],
  [
    "no weight at all",
    reports({ traffic: [{ port: 80, from: ["us"], weights: { us: 0, eu: 0 } }] }),
    "services[1].traffic[0].weights",
    "give weight",
  ],
  [
    "an evacuation that leaves callers with nobody",
    (f) => {
      reports({ traffic: [{ port: 80, from: ["us"], weights: { us: 0, eu: 100 } }] })(f);
      f.clusters.eu.evacuate = true;
    },
    "services[1].traffic[0].weights",
    "give weight",
  ],
  [
    "a link that drains under all the weight",
    (f) => {
      reports({ traffic: [{ port: 80, from: ["us"], weights: { eu: 100 } }] })(f);
      f.topology.links.push({ source: "us", target: "eu", state: "draining" });
    },
    "services[1].traffic[0].weights",
    "give weight",
  ],
  [
    "gateways that send requests round",
    reports({
      mode: "gateway",
      allowGateway: true,
      traffic: [
        { port: 80, from: ["us"], weights: { us: 90, eu: 10 } },
        { port: 80, from: ["eu"], weights: { us: 10, eu: 90 } },
      ],
    }),
    "services[1].traffic[0].weights.eu",
    "only one",
  ],
  [
    "a penalty longer than the longest",
    (f) => (f.services[0].failureAccrual = { minPenalty: "2m" }),
    "services[0].failureAccrual.maxPenalty",
    "longer",
  ],
  [
    "a fraction of a second",
    (f) => (f.services[0].timeouts = { request: "0.5s" }),
    "services[0].timeouts.request",
    "500ms",
  ],
  [
    "a retry after success",
    (f) => (f.services[0].retries = { http: ["5xx", "ok"] }),
    "services[0].retries.http[1]",
    "503",
  ],
  [
    "members of a federated service with different ports",
    (f) => {
      f.services[0].in = ["us"];
      f.services.push({ ...f.services[0], in: ["eu"], ports: [9090] });
    },
    "services[1].ports",
    "same",
  ],
  [
    "members of a federated service that tell callers different things",
    (f) => {
      f.services[0].in = ["us"];
      f.services.push({ ...f.services[0], in: ["eu"], failureAccrual: {} });
    },
    "services[1].failureAccrual",
    "same",
  ],
  [
    "headless services of one cluster in both modes",
    (f) => {
      reports({ name: "nodes", mode: "gateway", allowGateway: true, in: ["eu"], headless: true })(f);
      reports({ in: ["eu"], headless: true })(f);
    },
    "services[2].in[0]",
    "one mode",
  ],
  [
    "a success rate that is not counted",
    (f) => (f.services[0].failureAccrual = { successRate: { threshold: 90 } }),
    "services[0].failureAccrual.successRate",
    "unified",
  ],
  [
    "a success rate over no time",
    (f) => (f.services[0].failureAccrual = { mode: "unified", successRate: { window: "5ms" } }),
    "services[0].failureAccrual.successRate.window",
    "longer",
  ],
  [
    "a penalty longer than Linkerd can count",
    (f) => (f.services[0].loadBiaser = { penalty: "1200h" }),
    "services[0].loadBiaser.penalty",
    "shorter",
  ],
  [
    "unified failure accrual that a caller's Linkerd does not know",
    (f) => {
      f.services[0].failureAccrual = { mode: "unified" };
      f.clusters.apac.linkerd = { version: "2026.6.1" };
    },
    "services[0].failureAccrual.mode",
    "upgrade",
  ],
  [
    "a load biaser that a caller's Linkerd does not know",
    (f) => {
      f.services[0].loadBiaser = {};
      f.clusters.us.linkerd = { charts: { controlPlane: { version: "2026.6.1" } } };
    },
    "services[0].loadBiaser",
    "upgrade",
  ],
];
