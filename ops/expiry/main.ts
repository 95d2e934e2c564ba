/**
 * `npm run expiry`: everything of the fleet that ends, soonest first. Exit code 1 if some cluster could not be read, 3
 * when it could not begin.
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { FLEET_OPTIONS, openFleet } from "../../live/fleet";
import { runProgram } from "../../live/program";
import { readMembers } from "../verify/read";
import { EXPIRY_FACTS, expiring, prometheus } from "./expiry";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...FLEET_OPTIONS,
      json: { type: "boolean", default: false },
      prometheus: { type: "boolean", default: false },
    },
  });
  const fleet = await openFleet(values);
  const { items, unread } = expiring(fleet, await readMembers(fleet.plan, fleet.clusters, EXPIRY_FACTS));
  if (values.json) console.log(JSON.stringify(items));
  else if (values.prometheus) process.stdout.write(prometheus(items));
  else {
    const table = new Table({
      head: ["ends", "in days", "what", "cluster", "name", "renewed by"],
      style: { head: [], border: [], compact: true },
    });
    for (const { kind, cluster, name, ends, renewal } of items) {
      const days = Math.floor((ends.getTime() - Date.now()) / 86_400_000);
      table.push([ends.toISOString().slice(0, 10), days, kind, cluster || "all", name, renewal]);
    }
    console.log(table.toString());
  }
  for (const line of unread) console.error(`not read: ${line}`);
  return unread.length > 0 ? 1 : 0;
}

runProgram(main);
