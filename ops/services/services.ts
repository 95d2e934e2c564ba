import { type Mode, mode } from "../../fleet/config/common";
import { EXPORT_KEYS, meaningOf } from "../../fleet/exports/labels";
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
  /** By declared cluster, where it is so: the only clusters that are to see it. */
  readonly to: Readonly<Record<string, readonly string[]>>;
  /** Those of them that do not serve it for now. */
  readonly evacuated: readonly string[];
  /** The clusters in which the Service carries the label of the mode. */
  readonly labelled: readonly string[];
  /** Those of them in which the label lets it cross to every linked cluster, against `to`, or the other way round. */
  readonly otherwise: readonly string[];
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
  const labels: (readonly [key: string, cluster: string, named: boolean])[] = [];
  const read = new Set<string>();
  for (const [cluster, { found }] of members) {
    if (found.exported.state === "failed" || found.federated.state === "failed") continue;
    read.add(cluster);
    const services = SERVICE_FACTS.flatMap((part) =>
      found[part].state === "found" ? found[part].value : [],
    );
    for (const one of services)
      labels.push(...modesOf(one).map(([key, named]) => [key, cluster, named] as const));
  }
  const exports = [...plan.exports, ...plan.otherExports].flatMap((one) =>
    one.modes.map((of) => [keyOf(one.namespace, one.name, of), one] as const),
  );
  const keys = new Set([...exports, ...labels].map(([key]) => key));
  return [...keys].sort().map((key) => {
    const [service = "", of = ""] = key.split(" ");
    const declared = exports.filter(([one]) => one === key).map(([, one]) => one);
    const names = (some: typeof declared) => some.map(({ cluster }) => cluster).sort();
    const found = labels.filter(([one]) => one === key);
    const labelled = found.map(([, cluster]) => cluster);
    const asked = mode.parse(of);
    const to = declared.flatMap(({ cluster, to }) => (to?.[asked] ? [[cluster, to[asked]] as const] : []));
    const isOtherwise = ([, cluster, named]: (typeof found)[number]) =>
      declared.some((one) => one.cluster === cluster && (one.to?.[asked] !== undefined) !== named);
    const output = outputs.services.find(
      ({ namespace, name, modes }) => `${namespace}/${name}` === service && modes.includes(of),
    );
    return {
      ...{ service, mode: asked },
      declared: names(declared),
      to: Object.fromEntries(to),
      evacuated: names(declared.filter(({ evacuated }) => evacuated)),
      labelled: [...new Set(labelled)].sort(),
      otherwise: found
        .filter(isOtherwise)
        .map(([, cluster]) => cluster)
        .sort(),
      unread: names(declared.filter(({ cluster }) => !read.has(cluster))),
      sourceOfTruth: (of === "federated" && output?.sourceOfTruth) || {},
    };
  });
}

/** Whether, of the clusters that were read, just those serve it that are to, and to whom they are to. */
export function isServed({ declared, evacuated, labelled, otherwise, unread }: ServedService): boolean {
  const without = new Set([...evacuated, ...unread]);
  return otherwise.length === 0 && declared.filter((name) => !without.has(name)).join() === labelled.join();
}

const keyOf = (namespace: string, name: string, of: Mode) => `${namespace}/${name} ${of}`;

function modesOf({
  metadata: { namespace, name, labels },
}: Service): (readonly [key: string, named: boolean])[] {
  return EXPORT_KEYS.flatMap((key) => {
    const meaning = meaningOf({ namespace, name }, key, labels[key] ?? "");
    return meaning ? [[keyOf(namespace, name, meaning.mode), meaning.named] as const] : [];
  });
}
