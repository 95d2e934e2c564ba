import { fleetsIn } from "../../fleet/outputs/find";
import { type RawOutputs, readOutput } from "../../fleet/outputs/schema";
import type { Uses } from "../../fleet/stacks/uses";
import { linkTarget } from "../../live/shapes";
import { nameOf, type Resource, type State } from "../recover/state";

/** What the state of a stack says before it is destroyed. */

const PROVIDER = "pulumi:providers:kubernetes";
const STACK = "pulumi:pulumi:Stack";
const LINK = ":multicluster.linkerd.io/v1alpha3:Link";

export function resourcesIn({ deployment }: State): Resource[] {
  return deployment.resources ?? [];
}

/** The outputs of the stack. Secrets among them are encrypted. */
export function outputsIn(state: State): RawOutputs {
  return resourcesIn(state).find(({ type }) => type === STACK)?.outputs ?? {};
}

/** Whether a resource is the fleet's: it is a component of this program, or a part of one. */
export function isOfFleet({ urn }: Resource): boolean {
  return urn.split("::")[2]?.includes("linkerd-fleet:") ?? false;
}

export function isProvider({ type }: Resource): boolean {
  return type === PROVIDER;
}

/** The cluster whose provider made a resource. */
function clusterOf({ provider = "" }: Resource): string | undefined {
  const urn = provider.split("::").slice(0, -1).join("::");
  return urn.includes(`${PROVIDER}::`) ? nameOf(urn) : undefined;
}

/** By cluster: how many resources are in it. */
export function countByCluster(state: State): Map<string, number> {
  const counts = new Map<string, number>();
  for (const resource of resourcesIn(state)) {
    const cluster = clusterOf(resource);
    if (cluster !== undefined) counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
  }
  return counts;
}

/**
 * By source: the targets of the links that the stack has made. The outputs also tell of links whose resources are gone
 * from the state, which is so in a second run; the resources tell of those of an `up` that did not come to its outputs.
 */
export function targetsBySource(state: State): Map<string, Set<string>> {
  const links = [...fleetsIn(outputsIn(state)).values()].flatMap((outputs) => [
    ...(readOutput(outputs, "links") ?? []),
    ...(readOutput(outputs, "deployed")?.links ?? []),
  ]);
  const made = resourcesIn(state).flatMap((resource) => {
    const source = clusterOf(resource);
    const { data } = linkTarget.safeParse(resource.type.endsWith(LINK) ? resource.inputs : undefined);
    return data === undefined || source === undefined
      ? []
      : [{ source, target: data.spec.targetClusterName }];
  });
  const targets = new Map<string, Set<string>>();
  for (const { source, target } of [...links, ...made]) {
    const known = targets.get(source) ?? new Set();
    targets.set(source, known.add(target));
  }
  return targets;
}

/** Why the state cannot be destroyed by one command; `undefined` if it can. */
export function obstacle(state: State, stack: string | undefined): string | undefined {
  const resources = resourcesIn(state);
  if (!resources.some(isOfFleet)) {
    return "The stack holds no fleet, only other resources: `pulumi destroy` removes them. Nothing was changed.";
  }
  const creating = (state.deployment.pending_operations ?? []).filter(({ type }) => type === "creating");
  if (creating.length > 0) {
    return "The last update was interrupted: run `npx fleet recover` first, so that nothing it made is forgotten. Nothing was changed.";
  }
  const others = resources.filter((resource) => resource.protect && !isOfFleet(resource));
  if (others.length === 0) return undefined;
  const option = stack === undefined ? "" : ` --stack ${stack}`;
  return [
    "Resources that are not the fleet's are protected. Take the protection away if they shall go, too:",
    ...others.map(({ urn }) => `  pulumi state unprotect${option} '${urn}'`),
    "Nothing was changed.",
  ].join("\n");
}

/** What other stacks use of this one, in words; `refused` where this one cannot go before them. */
export function usesInWords(
  uses: readonly (readonly [stack: string, of: Uses])[],
  ownsTrust: boolean,
): { readonly refused?: string; readonly warnings: readonly string[] } {
  const signed = ownsTrust ? uses.filter(([, { clusters }]) => clusters.length > 0) : [];
  if (signed.length > 0) {
    return {
      refused: [
        "This stack has the trust anchors of the fleet. Other stacks still use the issuers that they sign:",
        ...signed.map(([stack, { clusters }]) => `  ${stack}: ${clusters.join(", ")}`),
        "Destroy them first, with `npx fleet destroy --stack <stack>`. Nothing was changed.",
      ].join("\n"),
      warnings: [],
    };
  }
  return {
    warnings: uses
      .filter(([, { links }]) => links.length > 0)
      .map(
        ([stack, { links }]) =>
          `The stack ${stack} loses what its links use: ${links.join(", ")}. Take the clusters of this stack out of the ` +
          `fleet file and deploy ${stack}, or destroy it, too; until then, its mirror services lead nowhere.`,
      ),
  };
}
