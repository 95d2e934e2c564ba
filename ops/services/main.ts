/**
 * `npm run services`: for each service, the clusters that are to serve it and those that do. Exit code 1 if some cluster
 * could not be read, 2 if one that was serves other services than declared, 3 when it could not begin.
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { FLEET_OPTIONS, openFleet } from "../../live/fleet";
import { runProgram } from "../../live/program";
import { readMembers } from "../verify/read";
import { isServed, SERVICE_FACTS, servedServices } from "./services";

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { ...FLEET_OPTIONS, json: { type: "boolean", default: false } } });
  const { plan, outputs, clusters } = await openFleet(values);
  const asked = [...plan.clusters, ...plan.neighbours];
  const members = await readMembers(plan, clusters, SERVICE_FACTS, undefined, asked);
  const services = servedServices(plan, outputs, members);
  if (values.json) console.log(JSON.stringify(services));
  else {
    const table = new Table({
      head: ["service", "mode", "declared in", "evacuated", "labelled in", "not known", "source of truth"],
      style: { head: [], border: [], compact: true },
    });
    for (const { service, mode, declared, evacuated, labelled, unread, sourceOfTruth } of services) {
      const truth = Object.entries(sourceOfTruth).map(([cluster, of]) => `${cluster}: ${of.join(" or ")}`);
      const lists = [declared, evacuated, labelled, unread].map((names) => names.join(", "));
      table.push([service, mode, ...lists, truth.join("\n")]);
    }
    console.log(table.toString());
  }
  if (!services.every(isServed)) return 2;
  return services.some(({ unread }) => unread.length > 0) ? 1 : 0;
}

runProgram(main);
