import type { FleetConfig } from "../config/fleetConfig";
import { linkName } from "../config/names";
import { type LinkPlan, planLinks } from "../topology/plan";
import type { CrossStackOutputs } from "./crossStack";

/** One stack of a fleet of several, and what it knows of the others. */
export interface StackContext {
  /**
   * This stack: `organization/project/stack`. `undefined`: all stacks at once, for pictures and checks of a whole
   * fleet.
   */
  readonly self: string | undefined;
  /** Why a link into another stack cannot be made yet; `undefined` if it can. */
  readonly blocker: (link: LinkPlan, stack: string) => string | undefined;
  /** The generation of the token that a source in another stack uses, if it is known. */
  readonly inUse: (source: string, target: string, stack: string) => number | undefined;
}

/** All stacks at once. */
export const WHOLE: StackContext = {
  self: undefined,
  blocker: () => undefined,
  inUse: () => undefined,
};

/** As the other stacks have handed over so far, by the names that the configuration gives them. */
export function stackContext(
  self: string,
  config: FleetConfig,
  crossStack: ReadonlyMap<string, CrossStackOutputs>,
): StackContext {
  return {
    self,
    blocker: (link, stack) => blocker(config, link, crossStack.get(stack)),
    inUse: (source, target, stack) => crossStack.get(stack)?.uses[target]?.[source],
  };
}

/** A link that cannot be made yet, because its target is in a stack that has not come so far. */
export interface PendingLink {
  readonly source: string;
  readonly target: string;
  readonly stack: string;
  readonly why: string;
}

/**
 * Whether two names are of one stack: the shorter one leaves out project and organization, which are then the same.
 */
export function sameStack(a: string, b: string): boolean {
  const [one, other] = [a.split("/").reverse(), b.split("/").reverse()];
  return one.slice(0, other.length).every((part, at) => part === other[at]);
}

/** Whether the fleet has several stacks. */
export function isShared({ trust, clusters }: FleetConfig): boolean {
  return trust.stack !== undefined || Object.values(clusters).some(({ stack }) => stack !== undefined);
}

/** By cluster: its stack, where that is not this one. */
export function otherStacks(config: FleetConfig, self: string | undefined): ReadonlyMap<string, string> {
  const others = Object.entries(config.clusters).flatMap(([name, cluster]) => {
    const stack = unlessSelf(cluster.stack, self);
    return stack === undefined ? [] : [[name, stack] as const];
  });
  return new Map(others);
}

/** The stack that owns the trust anchors, unless it is this one. */
export function trustStack(
  { trust }: Pick<FleetConfig, "trust">,
  self: string | undefined,
): string | undefined {
  return unlessSelf(trust.stack, self);
}

function unlessSelf(stack: string | undefined, self: string | undefined): string | undefined {
  return stack === undefined || self === undefined || sameStack(stack, self) ? undefined : stack;
}

/**
 * The stacks whose cross-stack outputs this one needs: of the anchors, and of both ends of its links. `links`: all of
 * the fleet.
 */
export function stacksNear(config: FleetConfig, self: string, links?: readonly LinkPlan[]): string[] {
  if (!isShared(config)) return [];
  const anchors = trustStack(config, self);
  const others = otherStacks(config, self);
  const ends = (links ?? planLinks(config.topology, config.clusters))
    .map(({ source, target }) => [others.get(source), others.get(target)])
    .filter(([source, target]) => source === undefined || target === undefined)
    .flat();
  const near = [anchors, ...ends].filter((stack) => stack !== undefined);
  return [...new Set(near)].sort();
}

/** This stack's own links: those it can make, and those that wait for another stack. `others`: by cluster. */
export function settleLinks(
  links: readonly LinkPlan[],
  others: ReadonlyMap<string, string>,
  { blocker }: StackContext,
): { ready: LinkPlan[]; pending: PendingLink[] } {
  const ready: LinkPlan[] = [];
  const pending: PendingLink[] = [];
  for (const link of links) {
    if (others.has(link.source)) continue;
    const stack = others.get(link.target);
    const why = stack === undefined ? undefined : blocker(link, stack);
    if (stack === undefined || why === undefined) ready.push(link);
    else pending.push({ source: link.source, target: link.target, stack, why });
  }
  return { ready, pending };
}

function blocker(
  config: FleetConfig,
  { source, target, modes }: LinkPlan,
  crossStackOutputs: CrossStackOutputs | undefined,
): string | undefined {
  if (!crossStackOutputs) return "is not deployed yet";
  if (!crossStackOutputs.accesses[target]?.[source]) return "does not grant the access yet";
  const needsAddress = modes.includes("gateway") && config.clusters[target]?.gateway.type !== "none";
  return needsAddress && !crossStackOutputs.gateways[target]
    ? "has no address of its gateway yet"
    : undefined;
}

/** Words for a person, one line for each stack that is waited for. */
export function pendingNotes(pending: readonly PendingLink[]): string[] {
  return [...Map.groupBy(pending, ({ stack, why }) => `stack ${stack}, which ${why}`)].map(
    ([what, links]) => {
      const names = links.map(linkName).join(", ");
      return `Pending: ${names} waits for ${what}. The next \`pulumi up\` after it completes ${links.length === 1 ? "it" : "them"}`;
    },
  );
}
