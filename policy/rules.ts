import type { FleetRule, ResourceRule, Rule } from "./rule";
import * as credentials from "./rules/access";
import * as operations from "./rules/clusters";
import * as crossing from "./rules/exports";
import * as calling from "./rules/grants";
import * as charts from "./rules/linkerd";
import * as links from "./rules/links";
import * as trust from "./rules/trust";

/** All rules, by what they are about. */
export const RULES: Readonly<Record<string, readonly Rule[]>> = {
  links: named(links),
  credentials: named(credentials),
  crossing: named(crossing),
  calling: named(calling),
  trust: named(trust),
  charts: named(charts),
  operations: named(operations),
};

/** By name: the order of a module's exports depends on who loads it. */
function named(rules: Readonly<Record<string, Rule>>): Rule[] {
  return Object.values(rules).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const all = Object.values(RULES).flat();
export const RESOURCE_RULES = all.filter((rule): rule is ResourceRule => "types" in rule);
export const FLEET_RULES = all.filter((rule): rule is FleetRule => !("types" in rule));
