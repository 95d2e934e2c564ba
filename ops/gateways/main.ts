/** `npm run gateways`: the gateway of each link. Exit code 2 if one is known to be dead, 3 when it could not begin. */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { linkName } from "../../fleet/config/names";
import { FLEET_OPTIONS, openFleet } from "../../live/fleet";
import { runProgram } from "../../live/program";
import { readMembers } from "../verify/read";
import { GATEWAY_FACTS, linkedGateways } from "./gateways";

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { ...FLEET_OPTIONS, json: { type: "boolean", default: false } } });
  const { plan, clusters } = await openFleet(values);
  const gateways = linkedGateways(plan, await readMembers(plan, clusters, GATEWAY_FACTS));
  if (values.json) console.log(JSON.stringify(gateways));
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
  return gateways.some(({ alive }) => alive === false) ? 2 : 0;
}

runProgram(main);
