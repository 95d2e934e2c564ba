import { expect } from "vitest";
import type { Hands } from "../hands";
import { ACCESS, type Fault, MULTICLUSTER, mirrored, REFRESH } from "./fault";

export const SERVICES: readonly Fault[] = [
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
