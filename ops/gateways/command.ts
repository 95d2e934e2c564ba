import { FLEET_OPTIONS, JSON_OPTION, verb } from "../verb";

export const gateways = verb({
  name: "gateways",
  summary:
    "List the gateway of each link: address, identity, whether it is alive, and the services that cross",
  changes: false,
  options: { ...FLEET_OPTIONS, ...JSON_OPTION },
  examples: [["fleet gateways --stack prod", "the gateways that the links of a stack lead to"]],
  endings: { broken: "A gateway is known to be dead." },
  load: () => import("./main"),
});
