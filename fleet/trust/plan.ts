import type { ClusterConfig } from "../clusters/schema";
import { chainsTo, readCertificate } from "./certificates";
import type { TrustConfig } from "./schema";

export interface TrustPlan extends Pick<TrustConfig, "issuer" | "webhooks"> {
  /** The trust bundle, in the order of the stack file. */
  readonly anchors: TrustConfig["anchors"];
  /** Id of the anchor that signs the issuers. */
  readonly active: string;
  /** Where cert-manager signs them: its ClusterIssuer, in every cluster. */
  readonly clusterIssuer?: string;
  /** The stack that owns the anchors, where it is another one. */
  readonly from?: string;
}

export interface IssuerPlan extends NonNullable<ClusterConfig["issuer"]> {
  /** The anchor that signed it. */
  readonly anchor: { readonly id: string; readonly certificate: string };
}

export function planTrust({ anchors, provider, issuer, webhooks }: TrustConfig): TrustPlan {
  const active = anchors.find((anchor) => anchor.state === "active");
  return {
    anchors,
    active: active?.id ?? "",
    ...(provider === "cert-manager" && active?.clusterIssuer ? { clusterIssuer: active.clusterIssuer } : {}),
    issuer,
    webhooks,
  };
}

export function planIssuer(
  issuer: ClusterConfig["issuer"],
  anchors: TrustConfig["anchors"],
): { readonly issuer?: IssuerPlan } {
  const certificate = issuer && readCertificate(issuer.certificate);
  const signers = anchors.flatMap(({ id, certificate: pem }) => {
    const authority = pem === undefined ? undefined : readCertificate(pem);
    return pem && certificate && authority && chainsTo(certificate, authority)
      ? [{ id, certificate: pem }]
      : [];
  });
  const [anchor] = signers;
  return issuer && anchor ? { issuer: { ...issuer, anchor } } : {};
}
