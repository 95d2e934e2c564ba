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
];
