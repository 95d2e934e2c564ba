import { ofGeneration, TOKEN_TYPE } from "../config/names";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { AccessPlan } from "./plan";
import { ACCESS_ROLE, ACCESS_RULES } from "./role";

const EXTENSION = { "linkerd.io/extension": "multicluster" };

/** The role that says what every access of a cluster may read. */
export function accessRole(): FleetObject<never> {
  return {
    id: "access-role",
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: ACCESS_ROLE, labels: EXTENSION },
    rules: [...ACCESS_RULES],
  };
}

export interface AccessInputs<V extends Values> {
  /** The multicluster namespace of the target. */
  readonly namespace: Text<V>;
  /** Name of the target's role for all accesses. */
  readonly role: Text<V>;
  /** Name of the token of one generation. It is drawn once: a revoked token never comes back under its old name. */
  readonly tokenName: (generation: number) => Text<V>;
}

/** The objects of an access, which a target grants one source. */
export function accessObjects<V extends Values = Plain>(
  { source, serviceAccount, tokens }: Pick<AccessPlan, "source" | "serviceAccount" | "tokens">,
  { namespace, role, tokenName }: AccessInputs<V>,
): FleetObject<V>[] {
  const labels = { ...EXTENSION, "linkerd-fleet/source": source };
  return [
    {
      id: "account",
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: serviceAccount, namespace, labels },
      automountServiceAccountToken: false,
    },
    {
      id: "binding",
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: serviceAccount, labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
    },
    ...tokens.map(
      (generation): FleetObject<V> => ({
        id: tokenId(generation),
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
          name: tokenName(generation),
          namespace,
          labels,
          annotations: {
            "kubernetes.io/service-account.name": serviceAccount,
            // The provider's own wait for a token ends after 5 s.
            "pulumi.com/waitFor": "jsonpath={.data.token}",
          },
        },
        type: TOKEN_TYPE,
        after: ["account", "binding"],
      }),
    ),
  ];
}

/** Id of the token of one generation, among the objects of its access. */
export function tokenId(generation: number): string {
  return ofGeneration("token", generation);
}
