import Table from "cli-table3";
import { certificateNotes } from "../../fleet/trust/dates";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { readMembers } from "../verify/read";
import { DAY_MS, EXPIRY_FACTS, expiring, prometheus } from "./expiry";

export interface ExpiryOptions extends FleetOptions {
  readonly json: boolean;
  readonly prometheus: boolean;
}

export async function run({ json, prometheus: metrics, ...options }: ExpiryOptions): Promise<Ending> {
  const fleet = await openFleet(options);
  const read = countProgress(fleet.plan.clusters.map(({ name }) => name));
  const { items, unread } = expiring(
    fleet,
    await readMembers(fleet.plan, fleet.clusters, EXPIRY_FACTS, read),
  );
  if (json) console.log(JSON.stringify(items));
  else if (metrics) process.stdout.write(prometheus(items));
  else {
    const table = new Table({
      head: ["ends", "in days", "what", "cluster", "name", "renewed by"],
      style: { head: [], border: [], compact: true },
    });
    for (const { kind, cluster, name, ends, renewal } of items) {
      const days = Math.floor((ends.getTime() - Date.now()) / DAY_MS);
      table.push([ends.toISOString().slice(0, 10), days, kind, cluster || "all", name, renewal]);
    }
    console.log(table.toString());
  }
  for (const note of certificateNotes(fleet.plan, new Date())) console.error(`warning: ${note}`);
  for (const line of unread) console.error(`not read: ${line}`);
  return unread.length > 0 ? "attention" : "well";
}
