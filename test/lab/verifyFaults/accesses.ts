import { ACCESS_ROLES } from "../../../fleet/access/role";
import { certificate } from "../../../testing/authority";
import { base64 } from "../../../testing/stored";
import type { Manifest } from "../hands";
import { ACCESS, both, type Fault, MULTICLUSTER, REFRESH } from "./fault";

const DESTINATION = "v1 Secret linkerd/cluster-credentials-eu";
const MIRROR = `v1 Secret ${MULTICLUSTER}/cluster-credentials-eu`;
const ACCESS_ROLE = ACCESS_ROLES.pods.name;

export const ACCESSES: readonly Fault[] = [
  {
    what: "a deleted credentials Secret",
    plant: ({ hands }) => hands.remove("us", DESTINATION),
    found: ["us → eu: the Secret linkerd/cluster-credentials-eu is missing, or of another type"],
    remedy: REFRESH,
  },
  {
    what: "a wrong CA",
    plant: async ({ hands }) => {
      const { pem } = await certificate({ host: "another", ca: true });
      const change = kubeconfig((config) => {
        config.clusters[0].cluster["certificate-authority-data"] = base64(pem);
      });
      return both(await hands.edit("us", DESTINATION, change), await hands.edit("us", MIRROR, change));
    },
    found: [
      "us → eu: the Secret linkerd/cluster-credentials-eu trusts another CA than that of eu",
      "us → eu: the Secret linkerd-multicluster/cluster-credentials-eu trusts another CA than that of eu",
    ],
    remedy: REFRESH,
  },
  {
    what: "credentials that lead elsewhere",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        MIRROR,
        kubeconfig((config) => {
          config.clusters[0].cluster.server = "https://192.0.2.1";
        }),
      ),
    found: ["us → eu: the Secret linkerd-multicluster/cluster-credentials-eu leads to https://192.0.2.1"],
    remedy: REFRESH,
  },
  {
    what: "two copies with different tokens",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        DESTINATION,
        kubeconfig((config) => {
          config.users[0].user.token += "x";
        }),
      ),
    found: ["us → eu: the two copies of the credentials hold different tokens"],
    remedy: REFRESH,
  },
  {
    what: "credentials without the trust domain",
    plant: ({ hands }) =>
      hands.edit("us", DESTINATION, ({ metadata }) => {
        delete metadata?.annotations?.["multicluster.linkerd.io/trust-domain"];
      }),
    found: [
      "us → eu: the Secret linkerd/cluster-credentials-eu has another annotation multicluster.linkerd.io/trust-domain",
    ],
    remedy: REFRESH,
  },
  {
    what: "a revoked token",
    plant: async ({ hands, lab }) => {
      const names = await lab.kubectl("eu", "get", "secrets", "-n", MULTICLUSTER, "-o", "name");
      const name = names.split("\n").find((one) => one.startsWith(`secret/${ACCESS}-`)) ?? "";
      return hands.remove("eu", `v1 Secret ${MULTICLUSTER}/${name.replace("secret/", "")}`);
    },
    found: [
      "us → eu: no Secret of eu holds the token of this access, as planned",
      "us → eu: eu does not take the token of us any more",
    ],
    remedy: REFRESH,
  },
  {
    what: "widened RBAC",
    plant: ({ hands }) =>
      hands.edit("eu", `rbac.authorization.k8s.io/v1 ClusterRole ${ACCESS_ROLE}`, ({ rules }) => {
        rules.push({ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] });
        rules.push({ nonResourceURLs: ["/metrics"], verbs: ["get"] });
      }),
    found: [`eu: who holds the ClusterRole ${ACCESS_ROLE} may also get secrets, list secrets, get /metrics`],
    remedy: REFRESH,
  },
  {
    what: "an access that is bound to more",
    plant: ({ hands }) =>
      hands.create("eu", "rbac.authorization.k8s.io/v1 RoleBinding shop/helpful", {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [{ kind: "ServiceAccount", name: ACCESS, namespace: MULTICLUSTER }],
      }),
    found: [`us → eu: ${ACCESS} of eu is also bound to the ClusterRole edit, by rolebinding helpful`],
    remedy: "`kubectl --context eu delete rolebinding -n shop helpful`",
  },
  {
    what: "an access that is bound to nothing",
    plant: ({ hands }) => hands.remove("eu", `rbac.authorization.k8s.io/v1 ClusterRoleBinding ${ACCESS}`),
    found: [`us → eu: ${ACCESS} of eu is not bound to the ClusterRole ${ACCESS_ROLE}`],
    remedy: REFRESH,
  },
];

function kubeconfig(change: (config: Manifest) => void): (secret: Manifest) => void {
  return ({ data }) => {
    const config = JSON.parse(Buffer.from(data.kubeconfig, "base64").toString("utf8"));
    change(config);
    data.kubeconfig = base64(`${JSON.stringify(config, null, 2)}\n`);
  };
}
