import type { ClusterConfig } from "../clusters/schema";
import { authorityAbove } from "./authorities";
import { certificateBlocks, readCertificate } from "./certificates";
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
  const chain = certificateBlocks(issuer?.certificate ?? "").flatMap((pem) => readCertificate(pem) ?? []);
  const anchor = anchors.find(({ certificate: pem }) => {
    const authority = pem === undefined ? undefined : readCertificate(pem);
    return authority !== undefined && authorityAbove(chain, [authority]) !== undefined;
  });
  return issuer && anchor?.certificate !== undefined
    ? { issuer: { ...issuer, anchor: { id: anchor.id, certificate: anchor.certificate } } }
    : {};
}
