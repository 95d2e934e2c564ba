import type { Mistake, Sections } from "./sound";
import { half, reports } from "./traffic";

/** With callers of other clusters. */
function open(more: object): (f: Sections) => void {
  return reports({ allow: [{ namespace: "bi", serviceAccount: "web" }], ...more });
}

const local = { port: 80, prefer: "local" };

export const PREFERENCES: readonly Mistake[] = [
  [
    "a preference for the local members of a federated service",
    (f) => (f.services[0].traffic = local),
    "services[0].traffic",
    "mode flat",
  ],
  [
    "a preference that names no port",
    open({ traffic: { prefer: "local" } }),
    "services[1].traffic.port",
    "add it",
  ],
  [
    "a preference for what is not local",
    open({ traffic: { ...local, prefer: "locale" } }),
    "services[1].traffic.prefer",
    "local",
  ],
  [
    "weights and a preference",
    open({ traffic: [{ ...half, prefer: "local" }] }),
    "services[1].traffic[0].prefer",
    "keep one",
  ],
  [
    "neither weights nor a preference",
    open({ traffic: [{ port: 80 }] }),
    "services[1].traffic[0]",
    "prefer: local",
  ],
  [
    "a preference of a cluster without the Service",
    open({ traffic: { ...local, from: ["us", "apac"] } }),
    "services[1].traffic.from[1]",
    "services[1].in",
  ],
  [
    "a preference of a cluster that does not exist",
    open({ traffic: { ...local, from: ["uss"] } }),
    "services[1].traffic.from[0]",
    "us?",
  ],
  [
    "a preference without a second cluster",
    open({ in: ["us"], traffic: local }),
    "services[1].traffic.prefer",
    "name it in",
  ],
  [
    "a preference where no member is linked to another",
    (f) => {
      open({ traffic: local })(f);
      f.topology = {
        kind: "links",
        links: [
          { source: "eu", target: "us", modes: ["federated"] },
          { source: "apac", target: "us" },
          { source: "apac", target: "eu" },
        ],
      };
    },
    "services[1].traffic.prefer",
    "link two",
  ],
  [
    "a preference of a cluster that is linked to no other member",
    (f) => {
      open({ traffic: { ...local, from: ["us"] } })(f);
      f.topology = {
        kind: "links",
        links: [
          { source: "eu", target: "us" },
          { source: "us", target: "eu", modes: ["gateway"] },
          { source: "apac", target: "eu" },
        ],
      };
    },
    "services[1].traffic.from[0]",
    "link them",
  ],
  [
    "a preference of a cluster that sees no mirror",
    open({ to: ["eu", "apac"], traffic: { ...local, from: ["us"] } }),
    "services[1].traffic.from[0]",
    "add us to",
  ],
  [
    "gateways that stand by for each other",
    reports({ mode: "gateway", allowGateway: true, traffic: local }),
    "services[1].traffic.prefer",
    "write `from`",
  ],
  ["a standby that lets in nobody", reports({ traffic: local }), "services[1].traffic.prefer", "in `allow`"],
  [
    "a preference for gRPC",
    open({ protocol: "gRPC", traffic: local }),
    "services[1].traffic.prefer",
    "weights",
  ],
  [
    "a preference for a local Service that is never left",
    open({ failureAccrual: { mode: "none" }, traffic: local }),
    "services[1].failureAccrual.mode",
    "remove",
  ],
  [
    "retries that wait for a local Service that is gone",
    open({ retries: { limit: 2 }, traffic: local }),
    "services[1].retries.timeout",
    "400ms",
  ],
];
