import { FLEET_OPTIONS, JSON_OPTION, verb } from "../verb";

export const expiry = verb({
  name: "expiry",
  summary: "List everything that expires, soonest first, with its means of renewal",
  changes: false,
  options: {
    ...FLEET_OPTIONS,
    ...JSON_OPTION,
    prometheus: { type: "boolean", default: false, describe: "Print one metric in Prometheus' text format" },
  },
  examples: [
    ["fleet expiry", "anchors, issuers, certificates and old accesses"],
    ["fleet expiry --prometheus > expiry.prom", "for the alert LinkerdFleetExpiry"],
  ],
  endings: { attention: "A cluster could not be read." },
  load: () => import("./main"),
});
