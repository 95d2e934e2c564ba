import type { FleetConfig } from "../fleet/config/fleetConfig";
import { ownValues } from "../fleet/exports/labels";
import { type Plan, planFleet } from "../fleet/plan";
import { CROSS_STACK_SCHEMA, type CrossStackOutputs } from "../fleet/stacks/crossStack";
import { stackContext } from "../fleet/stacks/plan";

/** The cross-stack outputs of the stack of a plan when it is deployed. */
export function crossStackOutputsIn(plan: Plan): CrossStackOutputs {
  const accesses: CrossStackOutputs["accesses"] = {};
  for (const { target, source, serviceAccount, generation } of plan.accesses) {
    accesses[target] = {
      ...accesses[target],
      [source]: { serviceAccount, generation, token: "t", caData: "Y2E=" },
    };
  }
  const uses: CrossStackOutputs["uses"] = {};
  for (const { target, source } of plan.links) uses[target] = { ...uses[target], [source]: 1 };
  const selects: CrossStackOutputs["selects"] = {};
  for (const { target, source, selects: named } of plan.links) {
    if (named) selects[target] = { ...selects[target], [source]: ownValues(named) };
  }
  const gateways = plan.clusters
    .filter(({ gateway }) => gateway.enabled)
    .map(({ name }) => [name, "192.0.2.1"]);
  const issuers = plan.othersIssuers.map(({ cluster, generation }) => [
    cluster,
    { anchor: plan.trust.active, generation, certificatePem: `issuer of ${cluster}`, privateKeyPem: "key" },
  ]);
  const anchors =
    plan.trust.from === undefined
      ? plan.trust.anchors.map(({ id }) => [id, { certificatePem: `anchor ${id}` }])
      : [];
  return {
    schema: CROSS_STACK_SCHEMA,
    anchors: Object.fromEntries(anchors),
    issuers: Object.fromEntries(issuers),
    gateways: Object.fromEntries(gateways),
    accesses,
    uses,
    selects,
  };
}

export function split(config: FleetConfig, stackOf: (cluster: string) => string): FleetConfig {
  const clusters = Object.entries(config.clusters).map(([name, of]) => [
    name,
    { ...of, stack: stackOf(name) },
  ]);
  return { ...config, clusters: Object.fromEntries(clusters) };
}

/** Deploys the stacks one after the other; the last plan of each. */
export function deploy(
  config: FleetConfig,
  order: readonly string[],
  crossStack = new Map<string, CrossStackOutputs>(),
): Map<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const self of order) {
    const plan = planFleet(config, stackContext(`acme/fleet/${self}`, config, crossStack));
    crossStack.set(self, crossStackOutputsIn(plan));
    plans.set(self, plan);
  }
  return plans;
}
