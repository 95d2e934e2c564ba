import { X509Certificate } from "node:crypto";

/** The certificates of a PEM text, one by one and unread. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

/**
 * A certificate in PEM, or `undefined` if it is none. One whose key cannot be read is none: Node.js reads it, and
 * throws only where somebody asks for its key.
 */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    return certificate.publicKey.type === "public" ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a certificate was signed by an authority, or is that authority: `linkerd install` makes one of both. */
export function chainsTo(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
