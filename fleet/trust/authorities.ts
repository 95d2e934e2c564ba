import type { X509Certificate } from "node:crypto";
import type { Told } from "../config/hosts";
import { chainsTo } from "./certificates";
import { detailsOf } from "./der";

/**
 * Why a certificate cannot stand above the identities of pods: Go's `crypto/x509` in the identity controller and the
 * proxies' webpki refuse what it signs. A path length of an anchor is no reason: webpki knows none of an anchor, and
 * Go looks at the issuer alone.
 */
export function authorityProblem(
  certificate: X509Certificate,
  identities: readonly string[],
): Told | undefined {
  const { isAuthority, maySign, names } = detailsOf(certificate);
  if (!isAuthority) return ["is not that of a certificate authority", "use a certificate with `CA:TRUE`"];
  if (maySign === false) {
    return [
      "may not sign certificates: its key usage lacks keyCertSign",
      "use one with `keyUsage = keyCertSign, cRLSign`",
    ];
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (
    asymmetricKeyType === "ec" &&
    asymmetricKeyDetails?.namedCurve === "prime256v1" &&
    !hasNamedCurve(certificate)
  ) {
    return [
      "has a key whose curve is written out, which Linkerd cannot read",
      "make the key with `openssl ecparam -name prime256v1 -genkey -noout`, without explicit parameters",
    ];
  }
  const outside = identities.find(
    (name) =>
      names.excluded.some((tree) => isUnder(name, tree)) ||
      (names.permitted.length > 0 && !names.permitted.some((tree) => isUnder(name, tree))),
  );
  return outside === undefined
    ? undefined
    : [
        "has name constraints that leave out the identities of this fleet",
        `permit ${outside.replace(/^pod\./, "")}, or use a certificate without name constraints`,
      ];
}

/** A name as the pods of a cluster have them. */
export function identityOf(trustDomain: string, controlPlaneNamespace: string): string {
  return `pod.serviceaccount.identity.${controlPlaneNamespace}.${trustDomain}`;
}

/** Signatures that Go has refused since 1.18: SHA-1 and MD5, with RSA or ECDSA. */
const BROKEN_SIGNATURES: ReadonlySet<string> = new Set([
  "2a864886f70d010105",
  "2a864886f70d010104",
  "2a8648ce3d0401",
]);

export function hasBrokenSignature(certificate: X509Certificate): boolean {
  return BROKEN_SIGNATURES.has(detailsOf(certificate).signature);
}

/** The authority to which a certificate leads, by itself or by the ones that stand behind it in its file. */
export function authorityAbove(
  [certificate, ...others]: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate | undefined {
  if (certificate === undefined) return undefined;
  const direct = authorities.find((authority) => chainsTo(certificate, authority));
  if (direct) return direct;
  const above = others.find((one) => one.ca && chainsTo(certificate, one));
  return above && authorityAbove([above, ...others.filter((one) => one !== above)], authorities);
}

const NAMED_P256 = Buffer.from("06082a8648ce3d030107", "hex");

function hasNamedCurve({ publicKey }: X509Certificate): boolean {
  return publicKey.export({ type: "spki", format: "der" }).includes(NAMED_P256);
}

function isUnder(name: string, tree: string): boolean {
  const domain = tree.replace(/^\./, "");
  return name === tree || domain === "" || name.endsWith(`.${domain}`);
}
