import { type Mode, mode } from "../fleet/config/common";
import type { LinkSummary, ServiceSummary } from "../fleet/outputs/schema";
import type { LinkPlan } from "../fleet/topology/plan";
import type { PreviewValue } from "./previewValue";
import { chartOf, type Resource, STACK } from "./resource";

/** All resources of a stack, and what the stack file declares, as the stack's outputs tell it. */
export class JudgedFleet {
  /** Without the output nothing is declared, and so nothing is allowed. `undefined`: not known yet. */
  readonly links: readonly (DeclaredLink & Pick<LinkPlan, "modes">)[] | undefined;
  /** What targets of this stack grant, also to sources in other stacks. */
  readonly accesses: readonly DeclaredLink[] | undefined;
  readonly services: readonly DeclaredService[] | undefined;
  /** The clusters of this stack. */
  readonly clusters: readonly string[];
  readonly anchors: readonly { readonly id: string | undefined; readonly state: PreviewValue }[];
  private readonly types = new Map<RegExp, readonly Resource[]>();

  constructor(private readonly resources: readonly Resource[]) {
    const outputs = this.ofType(STACK)[0]?.properties;
    const fleets = outputs === undefined ? [] : fleetsIn(outputs);
    const declared = <T>(name: string, read: (item: PreviewValue) => T) =>
      merged(fleets.map((fleet) => list(fleet.at(name), read)));
    // A pending link waits for another stack, and is nowhere yet.
    this.links = declared("links", (link) => ({
      ...declaredLink(link),
      modes: [...link.at("modes").texts()].filter(isMode),
      pending: link.at("state").text === "pending",
    }))?.filter(({ pending }) => !pending);
    this.accesses = declared("accesses", declaredLink);
    this.services = declared("services", (service) => ({
      namespace: service.at("namespace").text ?? "",
      name: service.at("name").text ?? "",
      modes: [...service.at("modes").texts()],
      clusters: [...service.at("clusters").texts()],
      to: service.at("to"),
      ports: service.at("ports"),
    }));
    this.clusters = fleets.flatMap((fleet) => fleet.at("clusters").keys);
    const anchors = fleets.flatMap((fleet) => fleet.at("plan", "anchors").items);
    this.anchors = anchors.map((anchor) => ({ id: anchor.at("id").text, state: anchor.at("state") }));
  }

  ofType(type: RegExp): readonly Resource[] {
    const found = this.types.get(type) ?? this.resources.filter((resource) => type.test(resource.type));
    this.types.set(type, found);
    return found;
  }

  /** By cluster. */
  byCluster(type: RegExp): ReadonlyMap<string | undefined, readonly Resource[]> {
    return Map.groupBy(this.ofType(type), ({ cluster }) => cluster);
  }

  releasesOf(chart: NonNullable<ReturnType<typeof chartOf>>): readonly Resource[] {
    return this.resources.filter((resource) => chartOf(resource) === chart);
  }
}

export type DeclaredLink = Pick<LinkSummary, "source" | "target">;

function declaredLink(item: PreviewValue): DeclaredLink {
  return { source: item.at("source").text ?? "", target: item.at("target").text ?? "" };
}

export interface DeclaredService extends Pick<ServiceSummary, "namespace" | "name" | "modes" | "clusters"> {
  /** By mode: the only clusters that see it. Absent: every linked one. */
  readonly to: PreviewValue;
  /** By cluster and container port: `granted`, or `closed` to every other cluster. */
  readonly ports: PreviewValue;
}

function isMode(text: string): text is Mode {
  return mode.safeParse(text).success;
}

/** The outputs of each fleet of a stack: at the root, or under its name, as other programs export them. */
function fleetsIn(outputs: PreviewValue): readonly PreviewValue[] {
  if (!outputs.at("plan").isAbsent) return [outputs];
  const named = outputs.keys.map((name) => outputs.at(name)).filter((one) => one.keys.includes("plan"));
  return named.length > 0 ? named : [outputs];
}

/** `undefined` where one of them is not known yet. */
function merged<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  return lists.some((one) => one === undefined) ? undefined : lists.flatMap((one) => one ?? []);
}

/** The entries of a list, or of a map by name. `undefined`: not known yet. */
function list<T>(output: PreviewValue, read: (item: PreviewValue) => T): readonly T[] | undefined {
  if (output.isUnknown) return undefined;
  return [...output.items, ...output.keys.map((name) => output.at(name))].map(read);
}
