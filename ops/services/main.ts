import Table from "cli-table3";
import { type FleetOptions, openFleet } from "../../live/fleet";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { readMembers } from "../verify/read";
import { isServed, SERVICE_FACTS, type ServedService, servedServices } from "./services";

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
      head: [
        "service",
        "mode",
        "declared in",
        "to",
        "evacuated",
        "labelled in",
        "not known",
        "source of truth",
      ],
      style: { head: [], border: [], compact: true },
    });
    for (const one of services) {
      const { service, mode, declared, evacuated, labelled, otherwise, unread, sourceOfTruth } = one;
      const truth = Object.entries(sourceOfTruth).map(([cluster, of]) => `${cluster}: ${of.join(" or ")}`);
      const found = labelled.map((name) =>
        otherwise.includes(name) ? `${name} (not as \`to\` says)` : name,
      );
      const lists = [declared, toWhom(one), evacuated, found, unread].map((names) => names.join(", "));
      table.push([service, mode, ...lists, truth.join("\n")]);
    }
    console.log(table.toString());
  }
  if (!services.every(isServed)) return "broken";
  return services.some(({ unread }) => unread.length > 0) ? "attention" : "well";
}

/** One list where all members cross to the same clusters; empty where they cross to every linked one. */
function toWhom({ declared, to }: ServedService): readonly string[] {
  const members = Object.entries(to);
  const lists = new Set(members.map(([, names]) => names.join(", ")));
  if (members.length === declared.length && lists.size === 1) return [...lists];
  return members.map(([cluster, names]) => `${cluster}: ${names.join(" and ")}`);
}
