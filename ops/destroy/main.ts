import { z } from "zod";
import { isShared, otherStacks, trustStack } from "../../fleet/stacks/plan";
import { type Uses, usesOf } from "../../fleet/stacks/uses";
import { inParallel, type LiveCluster } from "../../live/cluster";
import { describedBy } from "../../live/fleet";
import { Unreadable } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { openProvider } from "../recover/clusters";
import { confirmed, exportState, requireSame, unprotect } from "../recover/engine";
import { providersIn, type State } from "../recover/state";
import { clean, cleanedInWords } from "../tidy/clean";
import { pulumiDestroy } from "./engine";
import {
  countByCluster,
  isOfFleet,
  isProvider,
  obstacle,
  outputsIn,
  resourcesIn,
  targetsBySource,
  usesInWords,
} from "./held";

export interface DestroyOptions {
  readonly stack?: string | undefined;
  readonly yes: boolean;
}

/** One of the clusters that the state has a provider of. */
interface Member {
  readonly cluster: LiveCluster;
  readonly context: string | undefined;
  /** Why it cannot be asked. */
  readonly silent: string | undefined;
  /** How many resources of the state are in it. */
  readonly count: number;
}

const AGAIN =
  "Run `npx fleet destroy` again when it answers. If it is gone for good, run " +
  "`npx fleet state remove-cluster <cluster>` before.";

export async function run({ stack, yes }: DestroyOptions): Promise<Ending> {
  const state = await exportState(stack);
  if (resourcesIn(state).length === 0) {
    console.log("The stack is empty: nothing of a fleet is left.");
    return "well";
  }
  const problem = obstacle(state, stack);
  if (problem !== undefined) throw new Unreadable(problem);
  const { refused, warnings } = await othersUses(state, stack);
  if (refused !== undefined) throw new Unreadable(refused);

  const members = await openMembers(state, stack);
  const targets = targetsBySource(state);
  tell(state, members, [...targets.keys()]);
  for (const warning of warnings) console.log(warning);
  if (!(await confirmed(yes))) return "notBegun";
  await requireSame(stack, state);

  // The state remembers the clusters, and its outputs the links, until nothing is left in any cluster. So a run that
  // breaks off can be repeated. The anchors go last as well: a fleet that could not be destroyed still has them.
  const kept = resourcesIn(state).filter((resource) => isProvider(resource) || resource.protect);
  const { length: count } = resourcesIn(state);
  const first = await pulumiDestroy(stack, { but: kept.map(({ urn }) => urn), count: count - kept.length });

  const problems = await cleanAll(members, targets);
  const silent = members.filter(({ silent }) => silent !== undefined);
  if (!first.isWhole) {
    console.error(first.said);
    const left = countByCluster(await exportState(stack));
    const where = [...left].map(([name, count]) => `${name}: ${count}`).join(", ");
    console.log(`Not everything could be deleted. Resources that are left: ${where || "none in a cluster"}.`);
    const names = new Set(silent.map(({ cluster }) => cluster.name));
    console.log(
      names.size > 0
        ? `${[...names].join(", ")} did not answer. ${AGAIN}`
        : "Mend what the engine says, and run `npx fleet destroy` again.",
    );
    return names.size > 0 ? "attention" : "broken";
  }
  if (problems.length > 0) {
    for (const problem of problems) console.log(problem);
    console.log(`Mirror services may be left. ${AGAIN}`);
    return "attention";
  }
  await unprotect(
    stack,
    kept.filter(({ protect }) => protect).map(({ urn }) => urn),
  );
  const last = await pulumiDestroy(stack, { but: [], count: kept.length });
  if (!last.isWhole) {
    console.error(last.said);
    return "broken";
  }
  for (const { cluster } of silent) {
    console.log(
      `${cluster.name} does not answer, and the state held nothing of it any more: what is in it stays there.`,
    );
  }
  console.log(
    "The fleet is gone. CRDs of the Gateway API stay in the clusters, because other programs may use them. `pulumi stack rm` " +
      "removes the empty stack.",
  );
  return silent.length === 0 ? "well" : "attention";
}

/** What the other stacks of the fleet still use of this one. Only stacks of a shared fleet hand something over. */
async function othersUses(state: State, stack: string | undefined) {
  if (outputsIn(state).handover === undefined) return usesInWords([], false);
  const { config, self } = await describedBy({ stack });
  if (!isShared(config)) return usesInWords([], false);
  const own = new Set(providerNames(state));
  const trust = trustStack(config, self);
  const others = new Set([...otherStacks(config, self).values(), ...(trust === undefined ? [] : [trust])]);
  const uses = await inParallel([...others].sort(), 4, async (other): Promise<readonly [string, Uses]> => {
    const found = await exportState(other).catch((error: unknown) => {
      if (error instanceof Unreadable && /no stack named/.test(error.message)) return undefined;
      throw error;
    });
    return [other, usesOf(found === undefined ? {} : outputsIn(found), own)];
  });
  return usesInWords(uses, trust === undefined);
}

function providerNames(state: State): string[] {
  return resourcesIn(state)
    .filter(isProvider)
    .map(({ urn }) => urn.split("::").at(-1) ?? "");
}

async function openMembers(state: State, stack: string | undefined): Promise<Member[]> {
  const counts = countByCluster(state);
  const providers = [...providersIn(await exportState(stack, true)).values()];
  const done = countProgress(
    providers.map(({ cluster }) => cluster),
    "clusters asked",
  );
  return inParallel(providers, 8, async (provider) => {
    const cluster = openProvider(provider);
    const answer = await cluster.get("/version", z.unknown());
    done(cluster.name);
    return {
      cluster,
      context: provider.context,
      silent: answer.state === "failed" ? answer.message : undefined,
      count: counts.get(cluster.name) ?? 0,
    };
  });
}

function tell(state: State, members: readonly Member[], sources: readonly string[]): void {
  const { length: all } = resourcesIn(state);
  const ofOthers = resourcesIn(state).filter(
    (resource) => !isOfFleet(resource) && !/^pulumi:/.test(resource.type),
  );
  console.log(`To be deleted: ${all} resources.`);
  if (ofOthers.length > 0)
    console.log(`${ofOthers.length} of them are no part of the fleet; the stack holds them as well.`);
  for (const { cluster, context, silent, count } of members) {
    const where = context === undefined ? cluster.name : `${cluster.name} (context "${context}")`;
    console.log(
      `  ${where}: ${silent === undefined ? "answers" : `does not answer: ${silent}`}, ${count} resources`,
    );
  }
  const unknown = sources.filter((name) => !members.some(({ cluster }) => cluster.name === name));
  if (unknown.length > 0) {
    console.log(
      `${unknown.join(", ")}: the program gives the provider, so mirror services are not looked for there. List them with ` +
        "`kubectl get services -A -l mirror.linkerd.io/mirrored-service=true`.",
    );
  }
}

/** Cleans every cluster that answers; what went wrong, for people. */
async function cleanAll(
  members: readonly Member[],
  targets: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<string[]> {
  const answering = members.filter(({ silent }) => silent === undefined);
  const done = countProgress(
    answering.map(({ cluster }) => cluster.name),
    "clusters cleaned",
  );
  const problems = await inParallel(answering, 8, async ({ cluster }) => {
    const cleaned = await clean(cluster, {
      targets: targets.get(cluster.name) ?? new Set(),
      forgotten: true,
    });
    done(cluster.name);
    for (const line of cleanedInWords(cluster.name, cleaned)) console.log(line);
    return cleaned.problems.map((problem) => `${cluster.name}: ${problem}`);
  });
  return problems.flat();
}
