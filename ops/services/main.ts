import Table from "cli-table3";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { readMembers } from "../verify/read";
import { isServed, SERVICE_FACTS, servedServices } from "./services";

export interface ServicesOptions extends FleetOptions {
  readonly json: boolean;
}

export async function run({ json, ...options }: ServicesOptions): Promise<Ending> {
  const { plan, outputs, clusters } = await openFleet(options);
  const asked = [...plan.clusters, ...plan.neighbours];
  const read = countProgress(asked.map(({ name }) => name));
  const members = await readMembers(plan, clusters, SERVICE_FACTS, read, asked);
  const services = servedServices(plan, outputs, members);
  if (json) console.log(JSON.stringify(services));
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
  if (!services.every(isServed)) return "broken";
  return services.some(({ unread }) => unread.length > 0) ? "attention" : "well";
}
