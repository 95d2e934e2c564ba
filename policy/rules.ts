import type { FleetRule, ResourceRule, Rule } from "./rule";
import * as calling from "./rules/calling";
import * as charts from "./rules/charts";
import * as credentials from "./rules/credentials";
import * as crossing from "./rules/crossing";
import * as links from "./rules/links";
import * as operations from "./rules/operations";
import * as trust from "./rules/trust";

/** All rules, by what they are about. */
export const RULES: Readonly<Record<string, readonly Rule[]>> = {
  links: Object.values(links),
  credentials: Object.values(credentials),
  crossing: Object.values(crossing),
  calling: Object.values(calling),
  trust: Object.values(trust),
  charts: Object.values(charts),
  operations: Object.values(operations),
};

const all = Object.values(RULES).flat();
export const RESOURCE_RULES = all.filter((rule): rule is ResourceRule => "types" in rule);
export const FLEET_RULES = all.filter((rule): rule is FleetRule => !("types" in rule));
