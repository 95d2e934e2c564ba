import { nameOf } from "./authorizations";
import { choose } from "./choose";
import { type Authorization, addressesOf, type Client, isAuthorized } from "./clients";
import type { Cluster } from "./cluster";
import type { HttpRequest } from "./matches";
import { ownSettings, unguarded } from "./proxy";
import { type PortPolicy, portPolicy } from "./servers";
import type { Pod } from "./shapes";

/** One HTTP request, or bytes that are none. */
export type Request = HttpRequest | "stream";

export interface Verdict {
  readonly outcome: "allowed" | "denied" | "unknown";
  /** For people: one clause, without a full stop. */
  readonly why: string;
  /** The objects that decide, for people. */
  readonly by: readonly string[];
  /** It is let in and written down, and would not be let in otherwise. */
  readonly audited?: boolean;
}

/** Whether nothing but an audit lets it in. */
export function isAudited({ outcome, audited = false }: Verdict): boolean {
  return outcome === "allowed" && audited;
}

/** Whether a request reaches one port of one pod; linkerd2-proxy `app/inbound/src`. */
export function decide(cluster: Cluster, pod: Pod, port: number, client: Client, request: Request): Verdict {
  const open = unguarded(cluster.mesh, pod, port, client.address);
  const who = `Pod ${nameOf(pod.metadata)}`;
  if (open !== undefined) return { outcome: "allowed", why: open, by: [who] };
  const own = ownSettings(pod);
  if (own.length > 0)
    return { outcome: "unknown", why: `its proxy was started with another ${own.join(", ")}`, by: [who] };
  const policy = portPolicy(cluster, pod, port);
  const verdict = judge(policy, client, request);
  // Where no Server stands, it is the pod that says so: by its labels, ports and annotations.
  return policy.server ? verdict : { ...verdict, by: [who, ...verdict.by] };
}

/** The verdict of one port's policy on a request. */
export function judge(policy: PortPolicy, client: Client, request: Request): Verdict {
  if (client.address !== undefined) return at(policy, { ...client, address: client.address }, request);
  const every = [...policy.authorizations, ...policy.routes.flatMap(({ authorizations }) => authorizations)];
  return agreed(
    addressesOf(every).map((address) => at(policy, { ...client, address }, request)),
    "it depends on the address that it comes from",
  );
}

type Placed = Client & { readonly address: string };

function at(policy: PortPolicy, client: Placed, request: Request): Verdict {
  const { name, protocol, authorizations, routes, unreadable } = policy;
  if (unreadable !== undefined)
    return { outcome: "denied", why: "its proxy cannot read a route", by: [name, unreadable] };
  // Opaque and TLS ports are decided by connection (linkerd2-proxy `app/inbound/src/detect.rs`, `policy/tcp.rs`).
  if (protocol === "opaque") return letIn([name], opaqueAuthorizations(authorizations, client), client);
  if (protocol === "TLS") return letIn([name], authorizations, client);
  if (request === "stream") {
    if (protocol === "unknown") return letIn([name], authorizations, client);
    return { outcome: "denied", why: `its port speaks ${protocol} only`, by: [name] };
  }
  const chosen = choose(routes, request).map(({ route, redirected }): Verdict => {
    if (!route) {
      const by = [name, ...routes.map((one) => one.name)];
      return { outcome: "denied", why: "no route takes such a request", by };
    }
    const verdict = letIn([name, route.name], [...route.authorizations, ...authorizations], client);
    if (verdict.outcome !== "allowed" || redirected === "no") return verdict;
    const by = [name, route.name];
    if (redirected === "yes") return { outcome: "denied", why: "it is redirected", by };
    return { outcome: "unknown", why: "it is redirected, unless it says the host that it is sent to", by };
  });
  return agreed(chosen, "it depends on the request's host, headers or parameters");
}

/** At an opaque port, a proxy looks for no TLS but that of a meshed caller's proxy (`app/inbound/src/detect.rs`). */
function opaqueAuthorizations(all: readonly Authorization[], { identity }: Client): readonly Authorization[] {
  return identity === undefined ? all.filter(({ clients }) => clients !== "tls") : all;
}

/** A connection from the pod itself is always let in (linkerd2-proxy `proxy/server-policy/src/lib.rs`). */
const LOCALHOST: Authorization = {
  name: "the pod itself",
  networks: ["127.0.0.1", "::1"].map((cidr) => ({ cidr, except: [] })),
  clients: "anybody",
};

function letIn(by: readonly string[], authorizations: readonly Authorization[], client: Placed): Verdict {
  const fitting = [LOCALHOST, ...authorizations].filter((one) => isAuthorized(one, client));
  // Another than an audit's lets in whatever the audit would say.
  const [one] = fitting.sort((a, b) => Number(a.audit ?? false) - Number(b.audit ?? false));
  if (!one) return { outcome: "denied", why: "no authorization is for it", by };
  return {
    outcome: "allowed",
    why: `${one.name} lets it in`,
    by: [...by, one.name],
    ...(one.audit ? { audited: true } : {}),
  };
}

/** The common verdict. If the verdicts differ, the answer is not known. */
export function agreed(verdicts: readonly Verdict[], otherwise: string): Verdict {
  const first = verdicts.find(isAudited) ?? verdicts[0];
  if (!first) return { outcome: "unknown", why: "nothing answers", by: [] };
  const by = [...new Set(verdicts.flatMap((verdict) => verdict.by))];
  if (verdicts.every(({ outcome }) => outcome === first.outcome)) return { ...first, by };
  return { outcome: "unknown", why: otherwise, by };
}
