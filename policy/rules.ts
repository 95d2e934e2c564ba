import type { FleetRule, ResourceRule, Rule } from "./rule";
import * as access from "./rules/access";
import * as clusters from "./rules/clusters";
import * as exported from "./rules/exports";
import * as gateways from "./rules/gateways";
import * as grants from "./rules/grants";
import * as linkerd from "./rules/linkerd";
import * as links from "./rules/links";
import * as trust from "./rules/trust";

/** All rules, by concept, as in `fleet/`. */
export const RULES: Readonly<Record<string, readonly Rule[]>> = {
  links: named(links),
  access: named(access),
  exports: named(exported),
  grants: named(grants),
  gateways: named(gateways),
  trust: named(trust),
  linkerd: named(linkerd),
  clusters: named(clusters),
};

/** By name: the order of a module's exports depends on who loads it. */
function named(rules: Readonly<Record<string, Rule>>): Rule[] {
  return Object.values(rules).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const all = Object.values(RULES).flat();
export const RESOURCE_RULES = all.filter((rule): rule is ResourceRule => "types" in rule);
export const FLEET_RULES = all.filter((rule): rule is FleetRule => !("types" in rule));
