import { isMap, list } from "../../fleet/config/json";
import type { Custom } from "../../live/shapes";

/** The policy objects of one namespace, as read from its cluster. */
export interface PolicyObjects {
  readonly servers: readonly Custom[];
  readonly policies: readonly Custom[];
  readonly meshTls: readonly Custom[];
}

/**
 * Which objects let a caller of another cluster, known by its identity, in to a Server; none: it is refused. What
 * cannot be told from the objects counts as letting in, so that a refusal is certain. A NetworkAuthentication never
 * does: those of grants hold the networks of the Server's own cluster.
 */
export function admits(identity: string, server: string, objects: PolicyObjects): string[] {
  const found = objects.servers.find(({ metadata }) => metadata.name === server);
  // The default policy of the pod decides then.
  if (!found) return [`no Server ${server}`];
  if (found.spec.accessPolicy !== "deny") return [`Server ${server} (accessPolicy)`];
  return objects.policies
    .filter(({ spec }) => concerns(spec.targetRef, server))
    .filter(({ spec }) => list(spec.requiredAuthenticationRefs).every((ref) => holds(ref, identity, objects)))
    .map(({ metadata }) => `AuthorizationPolicy ${metadata.name}`);
}

/** Policies of the namespace or of a route open a Server too; one of another Server does not. */
function concerns(target: unknown, server: string): boolean {
  return !(isMap(target) && target.kind === "Server" && target.name !== server);
}

function holds(ref: unknown, identity: string, { meshTls }: PolicyObjects): boolean {
  if (!isMap(ref) || ref.kind === "NetworkAuthentication") return false;
  if (ref.kind !== "MeshTLSAuthentication") return true;
  const found = meshTls.find(({ metadata }) => metadata.name === ref.name);
  // Linkerd takes a reference to nothing for one that nobody meets.
  if (!found) return false;
  if (list(found.spec.identityRefs).length > 0) return true;
  return list(found.spec.identities).some(
    (pattern) => typeof pattern === "string" && matches(pattern, identity),
  );
}

/** `*` is everybody, `*.suffix` whoever ends so (linkerd2 `policy-controller/core`, `IdentityMatch`). */
function matches(pattern: string, identity: string): boolean {
  if (pattern === "*") return true;
  return pattern.startsWith("*.") ? identity.endsWith(pattern.slice(1)) : pattern === identity;
}
