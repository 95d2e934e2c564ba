import { MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import type { Planted } from "./objects";

export const ACCESSES: readonly Planted[] = [
  {
    what: "an access that is bound to another role as well",
    create: [
      {
        ...{
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRoleBinding",
          metadata: { name: "planted" },
        },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [
          {
            kind: "ServiceAccount",
            name: "linkerd-service-mirror-remote-access-us",
            namespace: MULTICLUSTER_NAMESPACE,
          },
        ],
      },
    ],
    found: /is also bound to the ClusterRole edit, by clusterrolebinding planted/,
  },
  {
    what: "a second token of an access",
    create: [
      {
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token" },
        metadata: {
          ...{ name: "planted", namespace: MULTICLUSTER_NAMESPACE },
          annotations: { "kubernetes.io/service-account.name": "linkerd-service-mirror-remote-access-us" },
        },
      },
    ],
    found: /the Secret linkerd-multicluster\/planted holds a token of \S+-us that us does not use/,
  },
];
