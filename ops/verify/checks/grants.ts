import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { isMap, list } from "../../../fleet/config/json";
import { grantObjects } from "../../../fleet/grants/objects";
import type { Custom } from "../../../live/shapes";
import { differences } from "../differences";
import { drifted, type Finding, given, stray } from "../finding";
import { type Check, ofClusters } from "./check";

const granted: Check = {
  name: "the grants are as planned",
  judge: ({ plan, members }) =>
    plan.grants.flatMap((grant) => {
      const { cluster, namespace, name } = grant;
      const found = members.get(cluster)?.found;
      if (!found) return [];
      const findings = given(
        {
          Server: found.servers,
          HTTPRoute: found.policyRoutes,
          AuthorizationPolicy: found.authorizationPolicies,
          MeshTLSAuthentication: found.meshTls,
          NetworkAuthentication: found.networks,
          declared: found.declared,
        },
        ({ declared = [], ...live }) => {
          const service = declared.find(
            ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
          );
          const selector = grant.pods ?? service?.spec.selector;
          return grantObjects(grant, selector ?? {}).flatMap((wanted): Finding[] => {
            const { kind } = wanted;
            if (!isPolicy(kind)) return [];
            const { name } = wanted.metadata;
            const spec = "spec" in wanted ? wanted.spec : {};
            const object = live[kind]?.find(
              ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
            );
            if (!object) return [drifted(`the ${kind} ${name} is missing`)];
            // Without its Service, which is said elsewhere, nobody knows the pods.
            const unknown = kind === "Server" && !selector ? { podSelector: undefined } : {};
            const fields = differences({ ...spec, ...unknown }, { ...object.spec, ...unknown });
            return fields.length === 0
              ? []
              : [drifted(`the ${kind} ${name} has another ${fields.join(", ")}`)];
          });
        },
      );
      return [{ subject: `${namespace}/${name} in ${cluster}`, findings }];
    }),
};

export const grantChecks = [
  granted,
  ofClusters("nobody else is let in", ({ cluster, found }, { plan }) =>
    given(
      { policies: found.authorizationPolicies, own: found.policyRoutes, others: found.gatewayRoutes },
      ({ policies = [], own = [], others = [] }) => {
        const planned = plan.grants
          .filter((grant) => grant.cluster === cluster.name)
          .flatMap((grant) =>
            grantObjects(grant, {}).map(({ kind, metadata }) => key(grant.namespace, kind, metadata.name)),
          );
        const known = new Set(planned);
        const route = (kind: string) => (of: Custom) => judgeRoute(of, kind, known, cluster);
        return [
          ...policies.flatMap((policy) => judgePolicy(policy, known, cluster)),
          ...own.flatMap(route("httproutes.policy.linkerd.io")),
          ...others.flatMap(route("httproutes.gateway.networking.k8s.io")),
        ];
      },
    ),
  ),
];

const KINDS = [
  "Server",
  "HTTPRoute",
  "AuthorizationPolicy",
  "MeshTLSAuthentication",
  "NetworkAuthentication",
] as const;

function isPolicy(kind: string): kind is (typeof KINDS)[number] {
  return KINDS.some((one) => one === kind);
}

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
