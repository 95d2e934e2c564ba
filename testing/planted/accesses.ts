import { MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import type { Applied, Planted } from "./objects";

const RBAC = "rbac.authorization.k8s.io";
const ACCESS = "linkerd-service-mirror-remote-access-us";

/** Everywhere, or in one namespace. */
const bound = (subject: object, namespace?: string): Applied => ({
  ...(namespace === undefined
    ? { kind: "ClusterRoleBinding", metadata: { name: "planted" } }
    : { kind: "RoleBinding", metadata: { name: "planted", namespace } }),
  apiVersion: `${RBAC}/v1`,
  roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "edit" },
  subjects: [subject],
});

export const ACCESSES: readonly Planted[] = [
  {
    what: "an access that is bound to another role as well",
    create: [bound({ kind: "ServiceAccount", name: ACCESS, namespace: MULTICLUSTER_NAMESPACE })],
    found: /is also bound to the ClusterRole edit, by clusterrolebinding planted/,
  },
  {
    what: "an access that is bound to another role by its name as a user",
    create: [
      bound(
        { apiGroup: RBAC, kind: "User", name: `system:serviceaccount:${MULTICLUSTER_NAMESPACE}:${ACCESS}` },
        "shop",
      ),
    ],
    found: /is also bound to the ClusterRole edit, by rolebinding planted/,
  },
  {
    what: "all accesses bound to another role by the group of their namespace",
    create: [
      bound(
        { apiGroup: RBAC, kind: "Group", name: `system:serviceaccounts:${MULTICLUSTER_NAMESPACE}` },
        "shop",
      ),
    ],
    found: /is also bound to the ClusterRole edit, by rolebinding planted/,
  },
  {
    what: "a role for somebody else of the namespace",
    create: [
      bound({ kind: "ServiceAccount", name: "linkerd-gateway", namespace: MULTICLUSTER_NAMESPACE }, "shop"),
    ],
    found: { harmless: "it is not for an access" },
  },
  {
    what: "a second token of an access",
    create: [
      {
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token" },
        metadata: {
          ...{ name: "planted", namespace: MULTICLUSTER_NAMESPACE },
          annotations: { "kubernetes.io/service-account.name": ACCESS },
        },
      },
    ],
    found: /the Secret linkerd-multicluster\/planted holds a token of \S+-us that us does not use/,
  },
];
