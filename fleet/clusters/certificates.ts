import { createPrivateKey, X509Certificate } from "node:crypto";

/** The certificates of a kubeconfig's authority. Go leaves out the others, and text around them. */
export function certificatesOf(pem: string): string[] {
  const blocks = /^-----BEGIN CERTIFICATE-----[ \t]*\r?\n[^-]+\n-----END CERTIFICATE-----[ \t]*\r?$/gm;
  return (pem.match(blocks) ?? []).filter((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return false;
    }
  });
}

/** Whether a client certificate can be used: with a key, and with its own. */
export function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
