import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { isMap, list } from "../../../fleet/config/json";
import type { Custom } from "../../../live/shapes";
import { type Finding, given, stray } from "../finding";
import { wantedObjects } from "../wanted";
import { ofClusters } from "./check";

export const grantChecks = [
  ofClusters("nobody else is let in", (member, fleet) => {
    const { cluster, found } = member;
    return given(
      { policies: found.authorizationPolicies, own: found.policyRoutes, others: found.gatewayRoutes },
      ({ policies = [], own = [], others = [] }) => {
        const planned = wantedObjects(fleet, member).flatMap(({ objects }) =>
          objects.map(({ kind, metadata }) => key(String(metadata.namespace), kind, String(metadata.name))),
        );
        const known = new Set(planned);
        const route = (kind: string) => (of: Custom) => judgeRoute(of, kind, known, cluster);
        return [
          ...policies.flatMap((policy) => judgePolicy(policy, known, cluster)),
          ...own.flatMap(route("httproutes.policy.linkerd.io")),
          ...others.flatMap(route("httproutes.gateway.networking.k8s.io")),
        ];
      },
    );
  }),
];

/** Policies add up: one more for a Server or route of ours opens it further. */
function judgePolicy(
  { metadata, spec }: Custom,
  known: ReadonlySet<string>,
  cluster: ClusterPlan,
): Finding[] {
  const { namespace, name } = metadata;
  const { targetRef } = spec;
  if (known.has(key(namespace, "AuthorizationPolicy", name)) || !isMap(targetRef)) return [];
  if (!known.has(key(namespace, targetRef.kind, targetRef.name))) return [];
  const message = `the AuthorizationPolicy ${namespace}/${name} opens the ${targetRef.kind} ${targetRef.name}`;
  return [stray(message, cluster, `delete authorizationpolicy -n ${namespace} ${name}`)];
}

/** One more route takes requests, and Linkerd's own routes for probes, away from a Server of ours. */
function judgeRoute(
  { metadata, spec }: Custom,
  kind: string,
  known: ReadonlySet<string>,
  cluster: ClusterPlan,
): Finding[] {
  const { namespace, name } = metadata;
  const parent = list(spec.parentRefs)
    .filter(isMap)
    .find((of) => of.kind === "Server" && known.has(key(namespace, "Server", of.name)));
  if (!parent || known.has(key(namespace, "HTTPRoute", name))) return [];
  const message = `the HTTPRoute ${namespace}/${name} decides about requests to the Server ${parent.name}`;
  return [stray(message, cluster, `delete ${kind} -n ${namespace} ${name}`)];
}

function key(namespace: string, kind: unknown, name: unknown): string {
  return `${namespace}/${kind}/${name}`;
}
