import Table from "cli-table3";
import { linkName } from "../../fleet/config/names";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { readMembers } from "../verify/read";
import { GATEWAY_FACTS, linkedGateways } from "./gateways";

export interface GatewaysOptions extends FleetOptions {
  readonly json: boolean;
}

export async function run({ json, ...options }: GatewaysOptions): Promise<Ending> {
  const { plan, clusters } = await openFleet(options);
  const read = countProgress(plan.clusters.map(({ name }) => name));
  const gateways = linkedGateways(plan, await readMembers(plan, clusters, GATEWAY_FACTS, read));
  if (json) console.log(JSON.stringify(gateways));
  else {
    const table = new Table({
      head: ["link", "address", "alive", "services", "identity"],
      style: { head: [], border: [], compact: true },
    });
    for (const { source, target, address, alive, services, identity } of gateways) {
      const state = alive === undefined ? "not known" : alive ? "yes" : "no";
      table.push([
        linkName({ source, target }),
        address ?? "not known",
        state,
        services.join(", "),
        identity,
      ]);
    }
    console.log(table.toString());
  }
  return gateways.some(({ alive }) => alive === false) ? "broken" : "well";
}
