import "reflect-metadata";
import { createPrivateKey, type webcrypto as crypto, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly pem: string;
  readonly key: string;
}

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes certificates as a fleet has them: of itself, or signed by an authority. Valid for a year unless told. */
export async function certificate(
  of: { readonly host: string; readonly ca?: boolean; readonly from?: Date; readonly to?: Date },
  signer?: Pair,
): Promise<Pair> {
  x509.cryptoProvider.set(webcrypto);
  const {
    host,
    ca = false,
    from = new Date(Date.now() - 3_600_000),
    to = new Date(Date.now() + 365 * 86_400_000),
  } = of;
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
  const issuer = signer && new x509.X509Certificate(signer.pem);
  const made = await x509.X509CertificateGenerator.create({
    subject: `CN=${host}`,
    issuer: issuer?.subject ?? `CN=${host}`,
    notBefore: from,
    notAfter: to,
    publicKey: keys.publicKey,
    signingKey: signer ? await importKey(signer.key) : keys.privateKey,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(ca),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { pem: `${made.toString("pem")}\n`, key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
}

/** Of any form: the tls provider writes `EC PRIVATE KEY`. */
function importKey(pem: string): Promise<crypto.CryptoKey> {
  const pkcs8 = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, ECDSA, false, ["sign"]);
}
