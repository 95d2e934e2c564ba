import { ofGeneration, TOKEN_TYPE } from "../config/names";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { AccessPlan } from "./plan";
import { ACCESS_ROLES, type AccessScope, SCOPES } from "./role";

const EXTENSION = { "linkerd.io/extension": "multicluster" };

/** The roles that say what the accesses of a cluster may read: those that some access has. */
export function accessRoles(accesses: readonly Pick<AccessPlan, "scope">[]): FleetObject<never>[] {
  const used = new Set(accesses.map(({ scope }) => scope));
  return SCOPES.filter((scope) => used.has(scope)).map((scope) => ({
    id: roleId(scope),
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: ACCESS_ROLES[scope].name, labels: EXTENSION },
    rules: [...ACCESS_ROLES[scope].rules],
  }));
}

/** Id of the role of a scope, among the objects of its cluster. */
export function roleId(scope: AccessScope): string {
  return scope === "pods" ? "access-role" : "access-role-services";
}

/** Name of the binding of an access. An access that changes its scope has both until the new one is there. */
export function bindingName(serviceAccount: string, scope: AccessScope): string {
  // No name of a cluster has a dot.
  return scope === "pods" ? serviceAccount : `${serviceAccount}.services`;
}

export interface AccessInputs<V extends Values> {
  /** The multicluster namespace of the target. */
  readonly namespace: Text<V>;
  /** Name of the target's role for accesses of this scope. */
  readonly role: Text<V>;
  /** Name of the token of one generation. It is drawn once: a revoked token never comes back under its old name. */
  readonly tokenName: (generation: number) => Text<V>;
}

/** The objects of an access, which a target grants one source. */
export function accessObjects<V extends Values = Plain>(
  access: Pick<AccessPlan, "source" | "serviceAccount" | "scope" | "tokens">,
  { namespace, role, tokenName }: AccessInputs<V>,
): FleetObject<V>[] {
  const { source, serviceAccount, scope, tokens } = access;
  const labels = { ...EXTENSION, "linkerd-fleet/source": source };
  const binding = scope === "pods" ? "binding" : "binding-services";
  return [
    {
      id: "account",
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: serviceAccount, namespace, labels },
      automountServiceAccountToken: false,
    },
    {
      id: binding,
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: bindingName(serviceAccount, scope), labels },
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
        after: ["account", binding],
      }),
    ),
  ];
}

/** Id of the token of one generation, among the objects of its access. */
export function tokenId(generation: number): string {
  return ofGeneration("token", generation);
}
