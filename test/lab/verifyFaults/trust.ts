import { certificate, type Pair } from "../../../testing/authority";
import { base64 } from "../../../testing/stored";
import type { Hands, Undo } from "../hands";
import { type Fault, REFRESH } from "./fault";

export const TRUST: readonly Fault[] = [
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
];

function issuer(hands: Hands, pair: Pair): Promise<Undo> {
  return hands.edit("us", "v1 Secret linkerd/linkerd-identity-issuer", ({ data }) => {
    data["tls.crt"] = base64(pair.pem);
    data["tls.key"] = base64(pair.key);
  });
}
