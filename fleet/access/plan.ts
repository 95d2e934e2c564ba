import type { FleetConfig } from "../config/fleetConfig";
import { accessName, linkKey } from "../config/names";
import { type RawOutputs, readOutput } from "../outputs/schema";
import type { StackContext } from "../stacks/plan";
import type { LinkPlan } from "../topology/plan";
import { type AccessScope, accessScope } from "./role";

/** The access that `target` grants `source`: a ServiceAccount whose token reads what a service mirror must read. */
export interface AccessPlan {
  readonly source: string;
  readonly target: string;
  readonly serviceAccount: string;
  /** What the source reads: pods only where its link carries flat or federated services. */
  readonly scope: AccessScope;
  /** Generation of the token that the source uses. */
  readonly generation: number;
  /**
   * Whether the source uses that token once this deployment is complete; of one in another stack, whether it does.
   */
  readonly confirmed: boolean;
  /** Generations of the tokens that are valid: that one, and until a deployment is complete those before it. */
  readonly tokens: readonly number[];
}

/** One access for each link. `others`: by cluster, the stack of those of other stacks. */
export function planAccesses(
  { generation: common, generations }: FleetConfig["access"],
  links: readonly LinkPlan[],
  others: ReadonlyMap<string, string>,
  { inUse }: StackContext,
): AccessPlan[] {
  const own = new Map(generations.map((one) => [linkKey(one), one.generation]));
  return links.map((link) => {
    const { source, target, modes } = link;
    const generation = own.get(linkKey(link)) ?? common;
    const stack = others.get(source);
    const used = stack === undefined ? generation : inUse(source, target, stack);
    return {
      source,
      target,
      serviceAccount: accessName(source),
      scope: accessScope(modes),
      generation,
      tokens: [generation],
      confirmed: used === generation,
    };
  });
}

/** Generation 1 leaves no marks in Links and Deployments: a fleet that never rotated shows nothing of rotation. */
export function isRotated({ generation }: Pick<AccessPlan, "generation">): boolean {
  return generation !== 1;
}

/**
 * The generations that a destination controller must have read, as an annotation of its pods. The controller ignores
 * changes of a credentials Secret, so a change of the annotation restarts it. `undefined` for a source none of whose
 * accesses was ever rotated.
 */
export function destinationAnnotation(
  accesses: readonly Pick<AccessPlan, "source" | "target" | "generation">[],
  source: string,
): string | undefined {
  const rotated = accesses.filter((access) => access.source === source && isRotated(access));
  if (rotated.length === 0) return undefined;
  return rotated.map(({ target, generation }) => `${target}=${generation}`).join(",");
}

/**
 * Keeps the tokens that some source may still use: those that were valid when the last deployment ended. Only a
 * complete deployment lets go of them (`describeAccesses`), so a source that could not be reached in the middle of a
 * rotation never holds a dead token.
 */
export function keepTokens<T extends { readonly accesses: readonly AccessPlan[] }>(
  plan: T,
  outputs: RawOutputs,
): T {
  const live = new Map(
    (readOutput(outputs, "accesses") ?? []).map((access) => [linkKey(access), access.tokens]),
  );
  const accesses = plan.accesses.map((access) => {
    const before = live.get(linkKey(access)) ?? [];
    return { ...access, tokens: [...new Set([...before, ...access.tokens])].sort((a, b) => a - b) };
  });
  return { ...plan, accesses };
}

/** Words of warning for a token older than `maxAge` days; `undefined` while it is not, or nothing is known. */
export function ageWarning(
  { source, target, generation }: AccessPlan,
  created: string | undefined,
  maxAge: number | undefined,
  now: Date,
): string | undefined {
  if (maxAge === undefined || created === undefined) return undefined;
  const age = (now.getTime() - Date.parse(created)) / (24 * 3_600_000);
  if (!(age > maxAge)) return undefined;
  return (
    `The token with which ${source} reads ${target} is ${Math.floor(age)} days old, more than access.maxAge ` +
    `(${maxAge}d). Rotate it: access.generations: [{ target: ${target}, source: ${source}, generation: ${generation + 1} }]`
  );
}
