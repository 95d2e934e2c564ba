import { isSince } from "../linkerd/versionSkew";
import type { Plan } from "../plan";

/** Which gateways forward to every Service of their cluster, for people: on purpose, or because they are too old. */
export function gatewayNotes({ clusters }: Pick<Plan, "clusters">): string[] {
  return clusters.flatMap(({ name, gateway, install }) => {
    if (!gateway.enabled) return [];
    const everything = `The gateway of ${name} forwards to every Service of its cluster, exported or not`;
    if (gateway.forwardsTo === "any") return [`${everything}: \`reach: any\` in clusters.${name}.gateway.`];
    const { version } = install.controlPlane;
    if (version === undefined || limitsGateways(version)) return [];
    return [
      `${everything}: Linkerd ${version} cannot limit it, ${SINCE} and later can. ` +
        "Name local callers in `local` where that is too much.",
    ];
  });
}

const SINCE = "edge-26.4.3 (2.20)";

/** Whether its injector reads `config.linkerd.io/proxy-additional-env` (linkerd2 #15156). */
function limitsGateways(version: string): boolean {
  return isSince(version, { edge: [2026, 4, 3], numbered: [2, 20, 0] });
}
