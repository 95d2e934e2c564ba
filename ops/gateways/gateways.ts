import { crossingModes } from "../../fleet/exports/named";
import type { Plan } from "../../fleet/plan";
import { isAlive } from "../verify/checks/gateways";
import type { Member } from "../verify/read";

/** A gateway, as the source of one link sees it. */
export interface LinkedGateway {
  readonly source: string;
  readonly target: string;
  /** Where the Link leads; `undefined` if there is none, or it could not be read. */
  readonly address: string | undefined;
  readonly identity: string;
  /** `undefined`: only the service mirror's pod knows. */
  readonly alive: boolean | undefined;
  /** What crosses through it, `namespace/name`: none over a link that is draining. */
  readonly services: readonly string[];
}

export const GATEWAY_FACTS = ["links", "mirrorEndpoints"] as const;

/** One for each link that carries gateway services. */
export function linkedGateways(
  plan: Plan,
  members: ReadonlyMap<string, Member<(typeof GATEWAY_FACTS)[number]>>,
): LinkedGateway[] {
  const clusters = new Map([...plan.clusters, ...plan.neighbours].map((cluster) => [cluster.name, cluster]));
  const exports = [...plan.exports, ...plan.otherExports];
  return plan.links.flatMap((crossed) => {
    const { source, target, modes, state } = crossed;
    const from = members.get(source);
    const gateway = clusters.get(target)?.gateway;
    if (!from || !gateway?.enabled || !modes.includes("gateway")) return [];
    const { links, mirrorEndpoints } = from.found;
    const link =
      links.state === "found" ? links.value.find(({ metadata }) => metadata.name === target) : undefined;
    const address = link && `${link.spec.gatewayAddress || "?"}:${link.spec.gatewayPort ?? "?"}`;
    const alive = mirrorEndpoints.state === "found" ? isAlive(target, mirrorEndpoints.value) : undefined;
    const services = exports
      .filter(({ cluster, evacuated }) => cluster === target && !evacuated && state === "active")
      .filter((one) => crossingModes(one, crossed).includes("gateway"))
      .map(({ namespace, name }) => `${namespace}/${name}`);
    return [{ source, target, address, identity: gateway.identity, alive, services }];
  });
}
