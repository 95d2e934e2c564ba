import { type GrantResources, grantResources } from "../../../fleet/grantResources";
import type { ClusterPlan } from "../../../fleet/plan";
import { differences } from "../differences";
import { drifted, type Finding, given, stray } from "../finding";
import type { Custom } from "../shapes";
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
          return expected(grantResources(grant), selector).flatMap(({ kind, name, spec }): Finding[] => {
            const object = live[kind]?.find(
              ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
            );
            if (!object) return [drifted(`the ${kind} ${name} is missing`)];
            // Without its Service, which is said elsewhere, nobody knows the pods.
            const { podSelector, ...rest } = object.spec;
            const actual = kind === "Server" && !selector ? rest : object.spec;
            const fields = differences(spec, actual);
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
    given({ policies: found.authorizationPolicies }, ({ policies = [] }) => {
      const own = plan.grants.filter((grant) => grant.cluster === cluster.name);
      const servers = new Map(
        own.flatMap((grant) => {
          const planned = expected(grantResources(grant), undefined);
          const names = planned.flatMap(({ kind, name }) => (kind === "AuthorizationPolicy" ? [name] : []));
          return planned.flatMap(({ kind, name }) =>
            kind === "Server" ? [[`${grant.namespace}/${name}`, names] as const] : [],
          );
        }),
      );
      return policies.flatMap((policy) => judgePolicy(policy, servers, cluster));
    }),
  ),
];

type Kind = "Server" | "AuthorizationPolicy" | "MeshTLSAuthentication" | "NetworkAuthentication";

function expected(
  { local, ports }: GrantResources,
  selector: Readonly<Record<string, string>> | undefined,
): { readonly kind: Kind; readonly name: string; readonly spec: object }[] {
  const of = (kind: Kind, object: { readonly name: string; readonly spec: object } | undefined) =>
    object ? [{ kind, ...object }] : [];
  return [
    ...of("NetworkAuthentication", local?.networks),
    ...of("MeshTLSAuthentication", local?.identities),
    ...ports.flatMap(({ server, callers, local: policy }) => [
      ...of("Server", {
        name: server.name,
        spec: selector ? { ...server.spec, podSelector: { matchLabels: selector } } : server.spec,
      }),
      ...of("MeshTLSAuthentication", callers?.identities),
      ...of("AuthorizationPolicy", callers?.policy),
      ...of("AuthorizationPolicy", policy),
    ]),
  ];
}

/** Policies add up: one more for a Server of ours opens it further. */
function judgePolicy(
  { metadata, spec }: Custom,
  servers: ReadonlyMap<string, readonly string[]>,
  cluster: ClusterPlan,
): Finding[] {
  const { targetRef } = spec;
  const server =
    typeof targetRef === "object" && targetRef !== null && "name" in targetRef ? targetRef.name : undefined;
  const planned = servers.get(`${metadata.namespace}/${server}`);
  if (!planned || planned.includes(metadata.name)) return [];
  const message = `the AuthorizationPolicy ${metadata.namespace}/${metadata.name} opens the Server ${server}`;
  return [stray(message, cluster, `delete authorizationpolicy -n ${metadata.namespace} ${metadata.name}`)];
}
