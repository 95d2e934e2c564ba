import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "vitest";
import { ACCESS_ROLES } from "../../fleet/access/role";
import { certificate, type Pair } from "../../testing/authority";
import type { Hands, Manifest, Undo } from "./hands";
import type { TestLab } from "./harness";

/** What a fault is planted with. */
export interface Tools {
  readonly hands: Hands;
  readonly lab: TestLab;
  /** The fleet's trust anchor. */
  readonly anchor: Pair;
}

/** One thing that goes wrong in a fleet of `us` and `eu`, and all that `verify` has to say of it. */
export interface Fault {
  readonly what: string;
  readonly plant: (tools: Tools) => Promise<Undo>;
  readonly found: readonly string[];
  /** Part of the remedy. */
  readonly remedy: string;
}

const MULTICLUSTER = "linkerd-multicluster";
const DESTINATION = "v1 Secret linkerd/cluster-credentials-eu";
const MIRROR = `v1 Secret ${MULTICLUSTER}/cluster-credentials-eu`;
const ACCESS_ROLE = ACCESS_ROLES.pods.name;
const ACCESS = "linkerd-service-mirror-remote-access-us";
/** Helm's record of a revision, and a revision that no test reaches. */
const RECORD = `v1 Secret ${MULTICLUSTER}/sh.helm.release.v1.linkerd-multicluster.v`;
const PENDING = 99;
const REFRESH = "`pulumi up --refresh --continue-on-error`";
const HELM = `\`helm --kube-context us -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``;

export const FAULTS: readonly Fault[] = [
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
      }),
    found: [`eu: who holds the ClusterRole ${ACCESS_ROLE} may also get secrets, list secrets`],
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
  {
    what: "unequal trust bundles",
    plant: async ({ hands }) => {
      const { pem } = await certificate({ host: "root.linkerd.cluster.local", ca: true });
      return hands.edit("eu", "v1 ConfigMap linkerd/linkerd-identity-trust-roots", ({ data }) => {
        data["ca-bundle.crt"] += pem;
      });
    },
    found: ["eu: the ConfigMap linkerd-identity-trust-roots holds 1 that are not the fleet's"],
    remedy: REFRESH,
  },
  {
    what: "an expired issuer",
    plant: async ({ hands, anchor }) => {
      const from = new Date("2025-01-01T00:00:00Z");
      const to = new Date("2025-02-01T00:00:00Z");
      return issuer(
        hands,
        await certificate({ host: "identity.linkerd.cluster.local", ca: true, from, to }, anchor),
      );
    },
    found: ["us: the issuer expired on 2025-02-01"],
    remedy: REFRESH,
  },
  {
    what: "an issuer near its end",
    plant: async ({ hands, anchor }) => {
      const to = new Date(Date.now() + 10.5 * 86_400_000);
      return issuer(
        hands,
        await certificate({ host: "identity.linkerd.cluster.local", ca: true, to }, anchor),
      );
    },
    found: ["us: the issuer expires in 10 days"],
    remedy: REFRESH,
  },
  {
    what: "an issuer of another anchor",
    plant: async ({ hands }) =>
      issuer(hands, await certificate({ host: "identity.linkerd.cluster.local", ca: true })),
    found: ["us: no trust anchor of the fleet has signed the issuer"],
    remedy: REFRESH,
  },
  {
    what: "a webhook that the API server does not trust",
    plant: async ({ hands }) => {
      const { pem } = await certificate({ host: "linkerd-sp-validator.linkerd.svc", ca: true });
      const id =
        "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration linkerd-sp-validator-webhook-config";
      return hands.edit("us", id, ({ webhooks }) => {
        webhooks[0].clientConfig.caBundle = base64(pem);
      });
    },
    found: ["us: the API server does not trust the certificate in the Secret linkerd-sp-validator-k8s-tls"],
    remedy: "`helm --kube-context us -n linkerd rollback linkerd-control-plane 1`",
  },
  {
    what: "a missing service mirror",
    plant: async ({ hands, lab }) =>
      andAvailable(lab, await hands.remove("us", `apps/v1 Deployment ${MULTICLUSTER}/controller-eu`)),
    found: ["us → eu: the Deployment controller-eu is missing"],
    remedy: HELM,
  },
  {
    what: "a service mirror that may not read its credentials",
    plant: ({ hands }) =>
      hands.remove("us", `rbac.authorization.k8s.io/v1 Role ${MULTICLUSTER}/controller-read-remote-creds-eu`),
    found: ["us → eu: the Role controller-read-remote-creds-eu is missing"],
    remedy: HELM,
  },
  {
    what: "a control plane without pods",
    plant: async ({ hands, lab }) => {
      const undo = await hands.edit("us", "apps/v1 Deployment linkerd/linkerd-identity", ({ spec }) => {
        spec.replicas = 0;
      });
      const settled = ["wait", "deployment/linkerd-identity", "-n=linkerd", "--timeout=60s"];
      await lab.kubectl("us", ...settled, "--for=jsonpath={.status.observedGeneration}=2");
      return async () => {
        await undo();
        await lab.kubectl("us", ...settled, "--for=condition=Available");
        await lab.kubectl("us", ...settled, "--for=jsonpath={.status.availableReplicas}=1");
      };
    },
    found: ["us: 0 of 0 pods of the Deployment linkerd-identity are available"],
    remedy: "`kubectl --context us describe deployment -n linkerd linkerd-identity`",
  },
  {
    what: "a release changed by hand",
    plant: async ({ lab }) => {
      const helm = (...args: string[]) =>
        lab.shell(`helm --kube-context us -n ${MULTICLUSTER} ${args.join(" ")}`);
      const chart = `${lab.lab.root}/charts/linkerd-multicluster`;
      await helm(
        "upgrade",
        "linkerd-multicluster",
        chart,
        "--reuse-values",
        "--set=gateway.replicas=2",
        "--wait",
      );
      return () => helm("rollback", "linkerd-multicluster", "1", "--wait");
    },
    found: [
      "us: the Helm release linkerd-multicluster was changed by somebody else; values that differ: gateway.replicas",
    ],
    remedy: `\`helm --kube-context us -n ${MULTICLUSTER} history linkerd-multicluster\``,
  },
  {
    what: "a Helm operation that never ended",
    plant: async ({ hands }) => {
      const { data, type, metadata } = await hands.read("us", `${RECORD}1`);
      const packed = Buffer.from(Buffer.from(data.release, "base64").toString(), "base64");
      const record = { ...JSON.parse(gunzipSync(packed).toString()), version: PENDING };
      record.info.status = "pending-upgrade";
      return hands.create("us", `${RECORD}${PENDING}`, {
        metadata: { labels: { ...metadata?.labels, status: "pending-upgrade", version: String(PENDING) } },
        type,
        data: { release: base64(gzipSync(JSON.stringify(record)).toString("base64")) },
      });
    },
    found: ["us: an operation on the Helm release linkerd-multicluster was interrupted (pending-upgrade)"],
    remedy: "`npx fleet recover`",
  },
  {
    what: "kinds that are not served",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        "apiextensions.k8s.io/v1 CustomResourceDefinition httproutes.gateway.networking.k8s.io",
        ({ spec }) => {
          for (const version of spec.versions) version.served = version.name !== "v1";
        },
      ),
    found: [
      "us: httproutes of gateway.networking.k8s.io/v1 are not served: their CRDs are missing or too old",
    ],
    remedy: REFRESH,
  },
  {
    what: "a stack file that was not deployed",
    plant: async ({ lab }) => {
      const waveOfUs = (wave: number | undefined) =>
        lab.edit(({ "linkerd-fleet:clusters": { us } }) => Object.assign(us ?? {}, { wave }));
      waveOfUs(3);
      return async () => waveOfUs(undefined);
    },
    found: ["stack: the stack file differs from the last deployment in its clusters"],
    remedy: "`pulumi preview`",
  },
  {
    what: "a deleted Link",
    plant: ({ hands }) => hands.remove("us", `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}/eu`),
    found: ["us → eu: the Link eu is missing"],
    remedy: REFRESH,
  },
  {
    what: "an edited Link",
    plant: ({ hands }) =>
      hands.edit("us", `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}/eu`, ({ spec }) => {
        spec.gatewayAddress = "192.0.2.1";
        spec.selector = { matchLabels: { everything: "yes" } };
      }),
    found: [
      "us → eu: the Link eu has another gatewayAddress, selector.matchLabels.everything, selector.matchLabels.mirror.linkerd.io/exported",
    ],
    remedy: REFRESH,
  },
  {
    what: "an undeclared Link",
    plant: async ({ hands }) => {
      const id = `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}`;
      const { spec } = await hands.read("us", `${id}/eu`);
      return hands.create("us", `${id}/apac`, { spec });
    },
    found: [`us: the Link ${MULTICLUSTER}/apac is not planned`],
    remedy: `\`kubectl --context us delete link -n ${MULTICLUSTER} apac\``,
  },
  {
    what: "an access of a source that is no more",
    plant: ({ hands }) =>
      hands.create("us", `v1 ServiceAccount ${MULTICLUSTER}/linkerd-service-mirror-remote-access-gone`, {}),
    found: [`us: the access ${MULTICLUSTER}/linkerd-service-mirror-remote-access-gone is not planned`],
    remedy: `\`kubectl --context us delete serviceaccount -n ${MULTICLUSTER} linkerd-service-mirror-remote-access-gone\``,
  },
  {
    what: "a gateway of another identity",
    plant: ({ hands }) =>
      hands.edit("eu", `v1 Service ${MULTICLUSTER}/linkerd-gateway`, ({ metadata }) => {
        if (metadata?.annotations) metadata.annotations["mirror.linkerd.io/gateway-identity"] = "else";
      }),
    found: ["eu: the gateway's Service names another identity"],
    remedy: `\`helm --kube-context eu -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``,
  },
  {
    what: "a gateway at another port",
    plant: ({ hands }) =>
      hands.edit("eu", `v1 Service ${MULTICLUSTER}/linkerd-gateway`, ({ spec }) => {
        spec.ports.find(({ name }: { name: string }) => name === "mc-gateway").port = 4144;
      }),
    found: ["eu: the gateway's Service has another port mc-gateway"],
    remedy: `\`helm --kube-context eu -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``,
  },
  {
    what: "a gateway that does not answer",
    plant: async ({ hands }) => {
      const labels = mirrored("eu");
      const spec = { ports: [{ port: 80 }] };
      const subsets = [{ notReadyAddresses: [{ ip: "198.18.0.1" }], ports: [{ port: 4143 }] }];
      return both(
        await hands.create("us", "v1 Service bi/reports-eu", { metadata: { labels }, spec }),
        await hands.create("us", "v1 Endpoints bi/reports-eu", { metadata: { labels }, subsets }),
      );
    },
    found: ["us → eu: us gets no answer from the gateway of eu"],
    remedy: "look at the gateway's pods in eu",
  },
  {
    what: "a service mirror that has stopped",
    plant: ({ hands }) =>
      hands.create("us", `coordination.k8s.io/v1 Lease ${MULTICLUSTER}/service-mirror-write-eu`, {
        spec: { holderIdentity: "x", leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00.000000Z" },
      }),
    found: [
      "us → eu: it has not renewed its Lease since 2026-01-01T00:00:00.000000Z",
      "us → eu: the service mirror has not reported what it mirrored",
    ],
    remedy: `\`kubectl --context us logs -n ${MULTICLUSTER} deployment/controller-eu\``,
  },
  {
    what: "a service that was not mirrored",
    plant: async ({ lab }) => {
      const report = (name: string, namespace: string, status: string, reason: string) => ({
        controllerName: "linkerd.io/service-mirror",
        remoteRef: { name, namespace, kind: "Service", group: "" },
        conditions: [
          {
            type: "Mirrored",
            ...{ status, reason, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
            localRef: { name, namespace, kind: "Service", group: "" },
          },
        ],
      });
      const status = {
        mirrorServices: [report("reports", "bi", "False", "MissingNamespace")],
        federatedServices: [report("checkout", "shop", "True", "Mirrored")],
      };
      const patch = (value: unknown) =>
        lab.kubectl(
          "us",
          ...["patch", "link", "eu", "-n", MULTICLUSTER, "--subresource=status", "--type=merge"],
          `--patch=${JSON.stringify({ status: value })}`,
        );
      await patch(status);
      return () => patch(null);
    },
    found: ["us → eu: bi/reports of eu is not mirrored in us (MissingNamespace)"],
    remedy: "`kubectl --context us create namespace bi`",
  },
  {
    what: "an undeclared export label",
    plant: ({ hands }) => label(hands, "us", "v1 Service bi/reports", "mirror.linkerd.io/exported", "true"),
    found: ["us: the Service bi/reports carries the label mirror.linkerd.io/exported, and may cross"],
    remedy: "`kubectl --context us label service -n bi reports mirror.linkerd.io/exported-`",
  },
  {
    what: "a lost export label",
    plant: ({ hands }) =>
      label(hands, "us", "v1 Service shop/checkout", "mirror.linkerd.io/federated", undefined),
    found: ["shop/checkout in us: the Service shop/checkout lacks the label mirror.linkerd.io/federated"],
    remedy: REFRESH,
  },
  {
    what: "a member of a federated service with another port",
    plant: ({ hands }) =>
      hands.edit("us", "v1 Service shop/checkout", ({ spec }) => {
        spec.ports[0].port = 8080;
      }),
    found: ["shop/checkout: its members have different ports (http 80/TCP in eu; http 8080/TCP in us)"],
    remedy: "give these Services the same ports",
  },
  {
    what: "an orphan mirror service",
    plant: ({ hands }) =>
      hands.create("us", "v1 Service shop/checkout-apac", {
        metadata: { labels: mirrored("apac") },
        spec: { ports: [{ port: 80 }] },
      }),
    found: ["us: the Service shop/checkout-apac mirrors a service of apac, to which no link is planned"],
    remedy: "`kubectl --context us delete service -n shop checkout-apac`",
  },
  {
    what: "a widened grant",
    plant: ({ hands }) =>
      hands.edit(
        "eu",
        "policy.linkerd.io/v1alpha1 MeshTLSAuthentication shop/fleet.checkout.http.callers",
        ({ spec }) => {
          spec.identities = ["*"];
        },
      ),
    found: [
      "shop/checkout in eu: the MeshTLSAuthentication fleet.checkout.http.callers has another identities[0]",
      expect.stringMatching(
        /^shop\/checkout in eu: port http lets in any meshed caller in us, .*\.callers lets it in/,
      ),
    ],
    remedy: REFRESH,
  },
  {
    what: "a policy that opens a closed port",
    plant: async ({ hands }) => {
      const id = "policy.linkerd.io/v1alpha1 AuthorizationPolicy shop";
      const { spec } = await hands.read("eu", `${id}/fleet.checkout.http.callers`);
      return hands.create("eu", `${id}/open`, { spec: { ...spec, requiredAuthenticationRefs: [] } });
    },
    found: [
      expect.stringMatching(
        /^shop\/checkout in eu: port http lets in .* in us.*: AuthorizationPolicy shop\/open lets it in/,
      ),
    ],
    remedy: "correct or delete AuthorizationPolicy shop/open",
  },
  {
    what: "a namespace without its policy for pods",
    plant: ({ hands }) =>
      label(hands, "us", `v1 Namespace ${MULTICLUSTER}`, "pod-security.kubernetes.io/enforce", undefined),
    found: [`us: the Namespace ${MULTICLUSTER} has another label pod-security.kubernetes.io/enforce`],
    remedy: REFRESH,
  },
  {
    what: "an account that mounts its token",
    plant: ({ hands }) =>
      hands.edit("eu", `v1 ServiceAccount ${MULTICLUSTER}/${ACCESS}`, (account) => {
        account.automountServiceAccountToken = true;
      }),
    found: [`us → eu: the ServiceAccount ${ACCESS} of eu has another automountServiceAccountToken`],
    remedy: REFRESH,
  },
  {
    what: "an admission policy that forbids nothing any more",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding linkerd-fleet-links",
        ({ spec }) => {
          spec.validationActions = ["Audit"];
        },
      ),
    found: ["us: the ValidatingAdmissionPolicyBinding linkerd-fleet-links has another validationActions"],
    remedy: REFRESH,
  },
  {
    what: "an admission policy that somebody excuses from",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy linkerd-fleet-exports",
        ({ spec }) => {
          spec.matchConstraints.namespaceSelector = { matchLabels: { guarded: "yes" } };
        },
      ),
    found: [
      "us: the ValidatingAdmissionPolicy linkerd-fleet-exports has another matchConstraints.namespaceSelector",
    ],
    remedy: REFRESH,
  },
  {
    what: "a grant with a field that nobody planned",
    plant: ({ hands }) =>
      hands.edit("eu", "policy.linkerd.io/v1beta3 Server shop/fleet.checkout.http", ({ spec }) => {
        spec.podSelector.matchExpressions = [{ key: "canary", operator: "Exists" }];
      }),
    found: [
      "shop/checkout in eu: the Server fleet.checkout.http has another podSelector.matchExpressions",
      expect.stringMatching(/^shop\/checkout in eu: port http lets in .*: the default policy .* lets it in/),
    ],
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

function issuer(hands: Hands, pair: Pair): Promise<Undo> {
  return hands.edit("us", "v1 Secret linkerd/linkerd-identity-issuer", ({ data }) => {
    data["tls.crt"] = base64(pair.pem);
    data["tls.key"] = base64(pair.key);
  });
}

function label(
  hands: Hands,
  cluster: string,
  id: Parameters<Hands["edit"]>[1],
  key: string,
  value: string | undefined,
) {
  return hands.edit(cluster, id, ({ metadata = {} }) => {
    const { [key]: _, ...others } = metadata.labels ?? {};
    metadata.labels = value === undefined ? others : { ...others, [key]: value };
  });
}

function mirrored(target: string): Record<string, string> {
  return { "mirror.linkerd.io/mirrored-service": "true", "mirror.linkerd.io/cluster-name": target };
}

function andAvailable(lab: TestLab, undo: Undo): Undo {
  return async () => {
    await undo();
    await lab.kubectl(
      "us",
      "wait",
      "deployment/controller-eu",
      `-n=${MULTICLUSTER}`,
      "--for=condition=Available",
    );
  };
}

function both(first: Undo, second: Undo): Undo {
  return async () => {
    await second();
    await first();
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
