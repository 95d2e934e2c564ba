import { FLEET_OPTIONS, JSON_OPTION, verb } from "../verb";

export const services = verb({
  name: "services",
  summary: "List, for each service, the clusters that are declared to serve it and those that do",
  changes: false,
  options: { ...FLEET_OPTIONS, ...JSON_OPTION },
  examples: [["fleet services", "the services of the whole fleet, as far as this stack sees them"]],
  endings: {
    attention: "A cluster could not be read.",
    broken: "A cluster serves other services than declared.",
  },
  load: () => import("./main"),
});
