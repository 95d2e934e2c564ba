import { Fleet } from "linkerd-fleet";
import { Cluster } from "./cluster";

const us = new Cluster("us");
const eu = new Cluster("eu");

const mesh = new Fleet("fleet", {
  kubeconfigs: { us: us.kubeconfig, eu: eu.kubeconfig },
  config: {
    linkerd: { version: "2026.8.3" },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: {
      us: { apiServer: us.apiServer, region: "us" },
      eu: { apiServer: eu.apiServer, region: "eu" },
    },
    services: [
      {
        name: "checkout",
        namespace: "shop",
        mode: "gateway",
        in: ["us"],
        ports: [8080],
        allowGateway: true,
      },
    ],
  },
});

/** The next deployment and `linkerd-fleet verify` read it. It has the name of the Fleet. */
export const fleet = mesh.outputs;
