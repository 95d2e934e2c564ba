import { sorted } from "../config/collections";
import type { FleetConfig } from "../config/fleetConfig";
import type { CrossStackOutputs } from "./crossStack";
import { otherStacks, sameStack, trustStack } from "./plan";

/** An issuer that the stack of the anchors signs for a cluster of another stack, so that the root key stays there. */
export interface OthersIssuer {
  readonly cluster: string;
  readonly trustDomain: string;
  /** Another number than before makes a new key and certificate. */
  readonly generation: number;
}

/** Those that this stack signs: none unless it owns the anchors. `self`: this stack. */
export function planOthersIssuers(config: FleetConfig, self: string | undefined): OthersIssuer[] {
  const { stack, domain } = config.trust;
  if (stack === undefined || self === undefined || !sameStack(stack, self)) return [];
  const others = otherStacks(config, self);
  return sorted(signedClusters(config), ([name]) => name)
    .filter(([name]) => others.has(name))
    .map(([cluster, { trustDomain = domain, generations }]) => ({
      cluster,
      trustDomain,
      generation: generations.issuer,
    }));
}

/**
 * What this stack needs and the stack of the anchors has not made yet, in words for a person. An issuer that it
 * signed for another anchor or generation than the stack file names is not the one.
 */
export function missingTrust(
  config: FleetConfig,
  self: string,
  crossStack: ReadonlyMap<string, CrossStackOutputs>,
): string | undefined {
  const stack = trustStack(config, self);
  if (stack === undefined) return undefined;
  const { anchors = {}, issuers = {} } = crossStack.get(stack) ?? {};
  const first = `run \`pulumi up\` in the stack ${stack} (trust.stack) first`;
  const unmade = config.trust.anchors.filter(({ id }) => !anchors[id]).map(({ id }) => id);
  if (unmade.length > 0) {
    return `The trust anchor ${unmade.join(", ")} is not there yet: ${first}, which makes the anchors for all others. Nothing was changed.`;
  }
  const others = otherStacks(config, self);
  const active = config.trust.anchors.find(({ state }) => state === "active");
  const unsigned = signedClusters(config)
    .filter(([name, { generations }]) => {
      const issuer = issuers[name];
      return (
        !others.has(name) && (issuer?.anchor !== active?.id || issuer?.generation !== generations.issuer)
      );
    })
    .map(([name]) => name);
  if (unsigned.length === 0) return undefined;
  return `The issuer of ${unsigned.sort().join(", ")} is not signed yet: ${first}, which signs the issuers for all others. Nothing was changed.`;
}

/** The clusters whose issuer this program signs. */
function signedClusters({ trust, clusters }: FleetConfig) {
  return trust.provider === "cert-manager"
    ? []
    : Object.entries(clusters).filter(([, { issuer }]) => issuer === undefined);
}
