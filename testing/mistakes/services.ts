import type { Mistake } from "./sound";

const reports = (more: object) => ({
  name: "reports",
  namespace: "bi",
  mode: "gateway",
  in: ["eu"],
  ports: [8080],
  ...(!("mode" in more) && { allowGateway: true }),
  ...more,
});
export const SERVICES: readonly Mistake[] = [
  [
    "a mirror name over 63 characters",
    (f) => f.services.push(reports({ name: "r".repeat(61) })),
    "services[1].in[0]",
    "shorter",
  ],
  [
    "a federated name over 63 characters",
    (f) => (f.services[0].name = "c".repeat(54)),
    "services[0].name",
    "shorter",
  ],
  [
    "a service for a cluster that does not exist",
    (f) => (f.services[0].to = ["apac", "apca"]),
    "services[0].to[1]",
    "apac",
  ],
  [
    "a service for one cluster, listed twice",
    (f) => (f.services[0].to = ["apac", "apac"]),
    "services[0].to[1]",
    "remove",
  ],
  ["a service for no cluster", (f) => (f.services[0].to = []), "services[0].to", "leave the setting out"],
  [
    "a service for the cluster that exports it",
    (f) => f.services.push(reports({ to: ["apac", "eu"] })),
    "services[1].to[1]",
    "other clusters",
  ],
  [
    "a service for a cluster that is not linked to it",
    (f) => {
      f.topology = { kind: "hub", hub: "us", links: [] };
      f.services.push(reports({ to: ["us", "apac"] }));
    },
    "services[1].to[1]",
    "link it",
  ],
  [
    "an exporter that no named cluster is linked to",
    (f) => {
      f.topology = { kind: "hub", hub: "us", links: [] };
      f.services[0].to = ["us"];
      f.services.push(reports({ in: ["us", "eu"], to: ["apac"] }));
      f.services[0].in = ["eu"];
    },
    "services[1].in[1]",
    "linked to eu",
  ],
  [
    "a federated headless service",
    (f) => (f.services[0].headless = true),
    "services[0].headless",
    "cluster IP",
  ],
  [
    "a gateway export without a gateway",
    (f) => {
      f.clusters.eu.gateway = { type: "none" };
      f.services.push(reports({}));
    },
    "services[1].in[0]",
    "flat",
  ],
  [
    "a federated member on no network",
    (f) => {
      delete f.clusters.eu.network;
    },
    "services[0].in[1]",
    "one network",
  ],
  [
    "a federated member on another network",
    (f) => {
      f.clusters.eu.network = "island";
    },
    "services[0].in[1]",
    "one network",
  ],
  [
    "a flat export that nobody can reach",
    (f) => {
      delete f.clusters.apac.network;
      f.services.push(reports({ mode: "flat", in: ["apac"] }));
    },
    "services[1].in[0]",
    "mode gateway",
  ],
  [
    "an export to which no link leads",
    (f) => {
      f.topology = {
        kind: "links",
        links: [
          { source: "us", target: "eu" },
          { source: "eu", target: "us" },
        ],
      };
      f.services.push(reports({ in: ["apac"] }));
    },
    "services[1].in[0]",
    "link a cluster",
  ],
  [
    "a service listed twice with one mode",
    (f) => f.services.push({ ...f.services[0], in: ["eu"] }),
    "services[1].in[0]",
    "remove it",
  ],
  [
    "a service as gateway and flat in one cluster",
    (f) => f.services.push(reports({}), reports({ mode: "flat" })),
    "services[2].in[0]",
    "one label",
  ],
  [
    "entries that differ in headless",
    (f) => f.services.push({ ...f.services[0], mode: "gateway", allowGateway: true, headless: true }),
    "services[1].headless",
    "same",
  ],
  [
    "two mirrors of one name",
    (f) => {
      f.clusters["b-c"] = {
        ...f.clusters.us,
        podNetworks: ["10.4.0.0/16"],
        context: "bc",
        apiServer: "https://bc",
      };
      f.clusters.c = { ...f.clusters.us, podNetworks: ["10.5.0.0/16"], context: "c", apiServer: "https://c" };
      f.services.push(reports({ name: "a", in: ["b-c"] }), reports({ name: "a-b", in: ["c"] }));
    },
    "services[2].in[0]",
    "rename",
  ],
  [
    "a mirror with the name of a service",
    (f) =>
      f.services.push(reports({ name: "reports-us", in: ["eu"] }), reports({ name: "reports", in: ["us"] })),
    "services[2].in[0]",
    "rename",
  ],
];
