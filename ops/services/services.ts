import { type Mode, mode } from "../../fleet/config/common";
import { EXPORT_LABEL } from "../../fleet/exports/labels";
import type { FleetOutputs } from "../../fleet/outputs/schema";
import type { Plan } from "../../fleet/plan";
import type { Service } from "../../live/shapes";
import type { Member } from "../verify/read";

/** One service in one mode: who is to serve the other clusters, and who does. */
export interface ServedService {
  /** `namespace/name` */
  readonly service: string;
  readonly mode: Mode;
  /** The clusters of the whole fleet that the stack file names. */
  readonly declared: readonly string[];
  /** Those of them that do not serve it for now. */
  readonly evacuated: readonly string[];
  /** The clusters in which the Service carries the label of the mode. */
  readonly labelled: readonly string[];
  /** Those that are to serve it and were not read: links of this stack do not lead there, or they gave no answer. */
  readonly unread: readonly string[];
  /** Federated: whose ports and metadata each cluster of this stack has it with, as the last deployment saw it. */
  readonly sourceOfTruth: Readonly<Record<string, readonly string[]>>;
}

export const SERVICE_FACTS = ["exported", "federated"] as const;

/** In the order of the names. Services that are labelled and not declared are listed too. */
export function servedServices(
  plan: Plan,
  outputs: Pick<FleetOutputs, "services">,
  members: ReadonlyMap<string, Member<(typeof SERVICE_FACTS)[number]>>,
): ServedService[] {
  const labels: (readonly [string, string])[] = [];
  const read = new Set<string>();
  for (const [cluster, { found }] of members) {
    if (found.exported.state === "failed" || found.federated.state === "failed") continue;
    read.add(cluster);
    const services = SERVICE_FACTS.flatMap((part) =>
      found[part].state === "found" ? found[part].value : [],
    );
    for (const one of services) labels.push(...modesOf(one).map((key) => [key, cluster] as const));
  }
  const exports = [...plan.exports, ...plan.otherExports].flatMap((one) =>
    one.modes.map((of) => [keyOf(one.namespace, one.name, of), one] as const),
  );
  const keys = new Set([...exports, ...labels].map(([key]) => key));
  return [...keys].sort().map((key) => {
    const [service = "", of = ""] = key.split(" ");
    const declared = exports.filter(([one]) => one === key).map(([, one]) => one);
    const names = (some: typeof declared) => some.map(({ cluster }) => cluster).sort();
    const labelled = labels.filter(([one]) => one === key).map(([, cluster]) => cluster);
    const output = outputs.services.find(
      ({ namespace, name, modes }) => `${namespace}/${name}` === service && modes.includes(of),
    );
    return {
      ...{ service, mode: mode.parse(of) },
      declared: names(declared),
      evacuated: names(declared.filter(({ evacuated }) => evacuated)),
      labelled: [...new Set(labelled)].sort(),
      unread: names(declared.filter(({ cluster }) => !read.has(cluster))),
      sourceOfTruth: (of === "federated" && output?.sourceOfTruth) || {},
    };
  });
}

/** Whether, of the clusters that were read, just those serve it that are to. */
export function isServed({ declared, evacuated, labelled, unread }: ServedService): boolean {
  const without = new Set([...evacuated, ...unread]);
  return declared.filter((name) => !without.has(name)).join() === labelled.join();
}

const keyOf = (namespace: string, name: string, of: Mode) => `${namespace}/${name} ${of}`;

function modesOf({ metadata: { namespace, name, labels } }: Service): string[] {
  return mode.options
    .filter((one) => labels[EXPORT_LABEL[one][0]] === EXPORT_LABEL[one][1])
    .map((one) => keyOf(namespace, name, one));
}
