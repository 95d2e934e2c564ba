import type { FleetConfig } from "../config/fleetConfig";
import { planLinks } from "../topology/plan";
import { sameStack, stacksNear } from "./plan";

/** One `pulumi up` of one stack, and the ones that must have succeeded before it. */
export interface Job {
  readonly id: string;
  readonly stack: string;
  /** The second round completes the links that waited for another stack in the first. */
  readonly round: 1 | 2;
  /** Wave of the stack: the lowest of its clusters. The stack of the trust anchors comes before all others. */
  readonly wave: number;
  readonly needs: readonly string[];
  /** The stack makes keys and certificates, and has no cluster: all that it makes is in its state alone. */
  readonly keysOnly?: true;
}

const TRUST_WAVE = -1;

/**
 * The order in which the stacks of a fleet are deployed: the trust anchors, then wave by wave, then once more those
 * with links into other stacks. Each job needs the whole wave before it, so that a failure stops there.
 */
export function planRollout(config: FleetConfig): Job[] {
  const waves = stackWaves(config);
  const shorts = Map.groupBy(waves.keys(), shortName);
  // A short name says enough as long as it is that of one stack.
  const jobId = (round: 1 | 2, stack: string) =>
    `${shorts.get(shortName(stack))?.length === 1 ? shortName(stack) : stack}-${round}`;
  const first = [...waves].map(([stack, wave]): Job => {
    const before = Math.max(...[...waves.values()].filter((other) => other < wave));
    const needs = [...waves].filter(([, other]) => other === before).map(([name]) => jobId(1, name));
    const hasClusters = Object.values(config.clusters).some(
      (one) => one.stack !== undefined && sameStack(one.stack, stack),
    );
    return { id: jobId(1, stack), stack, round: 1, wave, needs, ...(hasClusters ? {} : { keysOnly: true }) };
  });
  const links = planLinks(config.topology, config.clusters);
  const waveOf = (stack: string) => [...waves].find(([name]) => sameStack(name, stack))?.[1] ?? TRUST_WAVE;
  const second = [...waves].flatMap(([stack, wave]): Job[] => {
    // The first round has read the cross-stack outputs of earlier waves.
    const later = stacksNear(config, stack, links).filter((near) => waveOf(near) >= wave);
    if (later.length === 0) return [];
    const needs = [...waves.keys()].filter((name) => [stack, ...later].some((one) => sameStack(one, name)));
    return [
      { id: jobId(2, stack), stack, round: 2, wave, needs: needs.map((name) => jobId(1, name)).sort() },
    ];
  });
  return [...first, ...second];
}

/** By stack, in the order of the waves and then of the names. */
function stackWaves(config: FleetConfig): Map<string, number> {
  const waves = new Map<string, number>();
  for (const { stack, wave } of Object.values(config.clusters)) {
    if (stack === undefined) continue;
    const known = [...waves.keys()].find((name) => sameStack(name, stack)) ?? stack;
    const lowest = Math.min(wave, waves.get(known) ?? wave);
    waves.delete(known);
    // The whole name of a stack says more than its short one.
    waves.set(stack.length > known.length ? stack : known, lowest);
  }
  const { stack: trust } = config.trust;
  if (trust !== undefined) {
    const known = [...waves.keys()].find((name) => sameStack(name, trust)) ?? trust;
    waves.set(known, TRUST_WAVE);
  }
  return new Map([...waves].sort(([a, wave], [b, other]) => wave - other || (a < b ? -1 : 1)));
}

function shortName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}
