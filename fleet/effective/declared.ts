import { exportKey, type ServiceName } from "../config/names";
import type { ExportPlan } from "../exports/plan";
import { countsExactly, type LocalGrant } from "../grants/plan";
import type { RouteGrant } from "../grants/routes";
import type { ContainerPort } from "../grants/schema";
import type { Plan } from "../plan";
import { type Client, lies, matchesIdentity } from "./clients";
import type { Request } from "./inbound";
import { matchHttp } from "./matches";

/** Who may call one port of an exported service, as the stack file says it: no object of a cluster is looked at. */
export interface DeclaredPort extends ServiceName {
  readonly cluster: string;
  readonly port: ContainerPort;
  readonly protocol: string;
  /** The only clusters that see the service, in whichever mode. Absent: every linked one. */
  readonly to?: readonly string[];
  /** Mesh identities of those who may send everything. */
  readonly callers: readonly string[];
  /** Those who may send some requests. */
  readonly routes: readonly RouteGrant[];
  /** Callers of the cluster itself, who may send everything. */
  readonly local?: LocalGrant;
  /** Paths of probes that everybody may send, because a kubelet has any address. */
  readonly probes: readonly string[];
  /** Whoever else reaches it is let in, and counted: nobody is refused. */
  readonly enforce?: "audit";
  /** Who may call through the gateway; absent where the service does not cross there. */
  readonly gateway?: { readonly callers: readonly string[]; readonly networks: readonly string[] };
}

/** A caller, and the way that it takes. */
export interface Caller extends Client {
  /** It calls from the cluster of the service. */
  readonly isLocal: boolean;
  readonly throughGateway: boolean;
}

export function declaredAccess(plan: Plan): DeclaredPort[] {
  const exports = new Map(plan.exports.map((one) => [exportKey(one), one]));
  const clusters = new Map(plan.clusters.map((cluster) => [cluster.name, cluster]));
  return plan.grants.flatMap((grant) => {
    const { cluster, namespace, name, protocol, ports, probes = [], local, enforce } = grant;
    const gateway = clusters.get(cluster)?.gateway;
    const exported = exports.get(exportKey({ cluster, namespace, name }));
    const crosses = exported?.modes.includes("gateway") ?? false;
    const to = exported && namedInAll(exported);
    return ports.map(({ port, callers, routes = [] }): DeclaredPort => {
      const gatewayMay =
        crosses && gateway?.enabled && callers.some((pattern) => matchesIdentity(pattern, gateway.identity));
      return {
        ...{ cluster, namespace, name, port, protocol, callers, routes },
        ...(to ? { to } : {}),
        ...(local ? { local } : {}),
        ...(enforce ? { enforce } : {}),
        probes: routes.length > 0 || countsExactly(grant) ? probes : [],
        ...(gatewayMay ? { gateway: { callers: gateway.callers, networks: gateway.networks } } : {}),
      };
    });
  });
}

/** The clusters that see a service in one of its modes; `undefined` where every linked cluster does. */
function namedInAll({ modes, to }: ExportPlan): readonly string[] | undefined {
  const lists = modes.map((mode) => to?.[mode]);
  return lists.every((list) => list !== undefined) ? [...new Set(lists.flat())].sort() : undefined;
}

/**
 * Whether the stack file lets this caller send this request. An address that is not known is one that it may have.
 */
export function isDeclared(port: DeclaredPort, caller: Caller, request: Request): boolean {
  const { identity, address, isLocal, throughGateway } = caller;
  const named = (patterns: readonly string[]) =>
    identity !== undefined && patterns.some((pattern) => matchesIdentity(pattern, identity));
  if (throughGateway) {
    const { gateway } = port;
    const isNear = gateway?.networks.some((network) => address === undefined || lies(address, network));
    return gateway !== undefined && named(gateway.callers) && (isNear ?? false);
  }
  const { local } = port;
  if (isLocal && local && (!local.identities || named(local.identities))) return true;
  if (named(port.callers)) return true;
  if (request === "stream") return false;
  return (
    (request.method === "GET" && request.fits === undefined && port.probes.includes(request.path)) ||
    port.routes.some(
      ({ match, callers }) =>
        named(callers) && (matchHttp({ ...match, headers: [], queryParams: [] }, request)?.sure ?? false),
    )
  );
}
