import { serverOf } from "../grants/objects";
import { countsExactly, type GrantPlan } from "../grants/plan";

/** How far back calls are counted. */
export const WINDOW = "1h";

/**
 * Counters of what a proxy lets in, by the authorization that did; linkerd2-proxy `app/inbound/src/metrics/authz.rs`.
 * An audit is the default policy of that name (`proxy/server-policy/src/meta.rs`, `is_audit`).
 */
export const AUDITED_METRICS = ["inbound_http_authz_allow_total", "inbound_tcp_authz_allow_total"] as const;

/** What an audit let in at Servers of this program; `more`: selectors besides. */
export function ofAudit(...more: readonly string[]): string {
  return [
    'authz_kind="default"',
    'authz_name="audit"',
    ...(more.length > 0 ? more : ['srv_name=~"fleet[.].+"']),
  ].join(", ");
}

/**
 * Calls of the last hour that the grants of one cluster do not cover, where they can be told from others. `undefined`
 * where nothing is audited. HTTP requests are counted exactly (`countsExactly`). A proxy counts a connection, and a
 * call at a port of protocol gRPC, as audited also where a grant covers it, by chance. Where callers are granted by
 * identity alone, these identities are left out; where callers of the cluster itself are granted by their address,
 * nothing tells.
 */
export function auditedCalls(grants: readonly GrantPlan[]): string | undefined {
  const audited = grants.filter(({ enforce }) => enforce === "audit");
  const [http, tcp] = AUDITED_METRICS;
  const exact = Map.groupBy(audited.filter(countsExactly), ({ namespace }) => namespace);
  const selectors = [
    ...[...exact].map(([namespace, of]) => {
      const servers = of.flatMap((grant) => grant.ports.map(({ port }) => serverOf(grant, port).name));
      return `${http}{${ofAudit(`namespace="${namespace}"`, `srv_name=~"${servers.map(literal).join("|")}"`)}}`;
    }),
    ...audited.flatMap(({ local, protocol, ...grant }) => {
      if (local || protocol === "HTTP/1" || protocol === "HTTP/2") return [];
      return grant.ports.map(({ port, callers }) => {
        const others = callers.length > 0 ? [`client_id!~"${callers.map(literal).join("|")}"`] : [];
        const { name } = serverOf(grant, port);
        const selector = ofAudit(`namespace="${grant.namespace}"`, `srv_name="${name}"`, ...others);
        return `${protocol === "gRPC" ? http : tcp}{${selector}}`;
      });
    }),
  ];
  if (selectors.length === 0) return undefined;
  return selectors.map(lately).join(" or ");
}

/** A counter that is new counts whole: it begins with its first call, which `increase` leaves out. */
export function lately(counter: string): string {
  return `(${counter} unless ${counter} offset ${WINDOW}) or increase(${counter}[${WINDOW}])`;
}

/** A name as a regular expression. The star of an identity stands for anything, but not for no identity. */
function literal(name: string): string {
  return name.replaceAll(".", "[.]").replace(/^\*/, ".+");
}
