import type { X509Certificate } from "node:crypto";
import { certificateBlocks, readCertificate } from "../../fleet/trust/certificates";
import type { Secret } from "../../live/shapes";

/** All certificates of a PEM text; `undefined` if there is none or one cannot be read. */
export function readCertificates(pem: string | undefined): X509Certificate[] | undefined {
  const blocks = certificateBlocks(pem ?? "");
  const certificates = blocks.flatMap((block) => readCertificate(block) ?? []);
  return blocks.length > 0 && certificates.length === blocks.length ? certificates : undefined;
}

/** One entry of a Secret, in plain text. */
export function entry(secret: Secret | undefined, key: string): string | undefined {
  const value = secret?.data[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}

export function named<T extends { readonly metadata: { readonly name: string } }>(
  objects: readonly T[],
  name: string,
): T | undefined {
  return objects.find(({ metadata }) => metadata.name === name);
}

const HOUR = 3_600_000;

export function hoursLeft(certificate: X509Certificate, now: Date): number {
  return (certificate.validToDate.getTime() - now.getTime()) / HOUR;
}
