import { createHash } from "node:crypto";
import { GRANT_PREFIX, LOCAL, PROBES } from "../config/names";
import type { FleetObject } from "../objects/object";
import type { AuthenticationRef, PolicyTarget } from "../objects/policy";
import type { Labels, Plain, Values } from "../objects/values";
import { countsExactly, type GrantPlan, type PortGrant } from "./plan";
import { decideRoutes, matchWords } from "./routes";
import type { HttpMatch } from "./schema";

/** On each policy of a grant: the name of its service. */
export const SERVICE_LABEL = "linkerd-fleet/service";

/**
 * The policies of one grant, all in the namespace of its service. Names of Services and ports hold no dots, so no two
 * names are alike. `selector`: labels of the service's pods, which the Service may have to say.
 */
export function grantObjects<V extends Values = Plain>(
  grant: GrantPlan,
  selector: Labels<V>,
): FleetObject<V>[] {
  const { name: service, namespace, local, probes = [], ports, enforce = "deny" } = grant;
  const labels = { [SERVICE_LABEL]: service };
  const metadata = (name: string) => ({ name, namespace, labels });
  const networks = (id: string, name: string, cidrs: readonly string[]): FleetObject<V> => ({
    id,
    ...{ apiVersion: "policy.linkerd.io/v1alpha1", kind: "NetworkAuthentication" },
    metadata: metadata(name),
    spec: { networks: cidrs.map((cidr) => ({ cidr })) },
  });
  const identities = (id: string, name: string, of: readonly string[]): FleetObject<V> => ({
    id,
    ...{ apiVersion: "policy.linkerd.io/v1alpha1", kind: "MeshTLSAuthentication" },
    metadata: metadata(name),
    spec: { identities: [...of] },
  });
  const policy = (
    id: string,
    target: PolicyTarget,
    who: string,
    requiredAuthenticationRefs: AuthenticationRef[],
  ): FleetObject<V> => ({
    id,
    ...{ apiVersion: "policy.linkerd.io/v1alpha1", kind: "AuthorizationPolicy" },
    metadata: metadata(`${target.name}.${who}`),
    spec: { targetRef: target, requiredAuthenticationRefs },
  });
  const callers = (id: string, target: PolicyTarget, of: readonly string[]): FleetObject<V>[] => {
    if (of.length === 0) return [];
    const name = `${target.name}.callers`;
    return [
      { ...identities(`${id}/identities`, name, of), ...renamed(id) },
      policy(`${id}/callers`, target, "callers", [ref("MeshTLSAuthentication", name)]),
    ];
  };

  /** A port may be called `local`: its callers' resource then has not the name of the local callers' own. */
  const renamed = (port: string) =>
    port === "local"
      ? { id: "port/local/identities", ...(local?.identities ? {} : { was: "local-identities" }) }
      : {};

  const localName = `${GRANT_PREFIX}${service}${LOCAL}`;
  const localRefs = [
    ref("NetworkAuthentication", localName),
    ...(local?.identities ? [ref("MeshTLSAuthentication", localName)] : []),
  ];
  const probesName = `${GRANT_PREFIX}${service}${PROBES}`;
  const exact = countsExactly(grant);
  const probed = probes.length > 0 && (exact || ports.some(({ routes }) => routes));
  return [
    ...(local ? [networks("local-networks", localName, local.networks)] : []),
    ...(local?.identities ? [identities("local-identities", localName, local.identities)] : []),
    ...(probed ? [networks("probe-networks", probesName, EVERYWHERE)] : []),
    ...ports.flatMap(({ port, callers: who, routes }): FleetObject<V>[] => {
      const target = serverOf(grant, port);
      const localPolicies = (id: string, of: PolicyTarget) =>
        local ? [policy(`${id}/local`, of, "local", localRefs)] : [];
      const localPolicy = localPolicies(`${port}`, target);
      const decided = routes || exact ? decideRoutes(routes ?? [], probes) : [];
      const ids = decided.map(({ match }) => `${port}/${routeId(match)}`);
      return [
        ...callers(`${port}`, target, who),
        ...localPolicy,
        {
          id: `${port}`,
          apiVersion: "policy.linkerd.io/v1beta3",
          kind: "Server",
          metadata: metadata(target.name),
          spec: {
            podSelector: { matchLabels: selector },
            port,
            proxyProtocol: grant.protocol,
            accessPolicy: enforce,
          },
          // From its first moment it denies whom no policy lets in: the local callers keep what they had.
          after: localPolicy.map(({ id }) => id),
        },
        // Policies of a Server also apply to its routes. Those of a route are asked first, and an audit is the
        // Server's.
        ...decided.flatMap(({ match, callers: some, probe }, at): FleetObject<V>[] => {
          const id = `${port}/${routeId(match)}`;
          const route: PolicyTarget = {
            group: "policy.linkerd.io",
            kind: "HTTPRoute",
            name: `${target.name}.${routeId(match)}`,
          };
          const policies = [
            ...callers(id, route, exact ? [...new Set([...some, ...who])].sort() : some),
            ...(exact ? localPolicies(id, route) : []),
            ...(probe
              ? [policy(`${id}/probes`, route, "probes", [ref("NetworkAuthentication", probesName)])]
              : []),
          ];
          return [
            ...policies,
            {
              id,
              apiVersion: "policy.linkerd.io/v1beta3",
              kind: "HTTPRoute",
              metadata: metadata(route.name),
              spec: { parentRefs: [target], rules: [{ matches: [match] }] },
              after: [
                ...policies.filter(({ kind }) => kind === "AuthorizationPolicy").map(({ id }) => id),
                // A Server that still denies would refuse probes that this route does not name.
                ...(exact ? [`${port}`] : []),
                // The first takes what is left, and must be there before the others.
                ...(at === 0 ? [] : ids.slice(0, 1)),
              ],
            },
          ];
        }),
      ];
    }),
  ];
}

/**
 * Asks the Service which pods it selects, by a patch that changes nothing. It is another patch than that of the
 * export label, which comes after the Servers, and it names no field manager: an object has one such annotation. None
 * where the stack file says the labels of the pods.
 */
export function selectorObjects({ namespace, name, pods }: GrantPlan): FleetObject<never>[] {
  if (pods) return [];
  return [
    {
      // Longer than the name of any port.
      id: "service/selector",
      apiVersion: "v1",
      kind: "Service",
      patch: true,
      metadata: { name, namespace, annotations: { "pulumi.com/skipAwait": "true" } },
    },
  ];
}

/** The Server of one port of a grant. */
export function serverOf({ name }: Pick<GrantPlan, "name">, port: PortGrant["port"]): PolicyTarget {
  return { group: "policy.linkerd.io", kind: "Server", name: `${GRANT_PREFIX}${name}.${port}` };
}

/** `policyController.probeNetworks` of the chart linkerd-control-plane: a kubelet may have any address. */
const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** Readable, and one for each match: paths hold more than a name may. */
function routeId(match: HttpMatch): string {
  const words = matchWords(match);
  const readable =
    words
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join("-")
      .slice(0, 40)
      .replace(/-$/, "") ?? "any";
  return `${readable}.${createHash("sha256").update(words).digest("hex").slice(0, 8)}`;
}

function ref(kind: AuthenticationRef["kind"], name: string): AuthenticationRef {
  return { group: "policy.linkerd.io", kind, name };
}
