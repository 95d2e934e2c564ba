import type { X509Certificate } from "node:crypto";
import type { Plan } from "../plan";
import { certificateBlocks, readCertificate } from "./certificates";

const HOUR_MS = 3_600_000;

/** What is wrong with the dates of a certificate that is used now. */
export function dateProblem(certificate: X509Certificate, now: Date): string | undefined {
  const { validFromDate: from, validToDate: to } = certificate;
  if (to.getTime() <= now.getTime()) return `expired on ${day(to)}`;
  return from.getTime() > now.getTime() ? `is not valid before ${day(from)}` : undefined;
}

/** What is wrong with a certificate that is valid for longer than its authority. */
export function outlivingProblem(
  certificate: X509Certificate,
  authority: X509Certificate,
): string | undefined {
  const { validToDate: to } = authority;
  // Made one after the other for the same time, they differ by seconds.
  if (day(certificate.validToDate) <= day(to)) return undefined;
  return `is valid until ${day(certificate.validToDate)}, longer than the authority that signed it (${day(to)})`;
}

/** What the certificates that a stack file gives do not cover, each with its path and what to do. */
export function certificateNotes(plan: Plan, now: Date): string[] {
  return [...anchorNotes(plan, now), ...plan.clusters.flatMap((cluster) => clusterNotes(cluster, now))];
}

function anchorNotes({ trust }: Plan, now: Date): string[] {
  const { lifetimeHours } = trust.issuer;
  return trust.anchors.flatMap(({ id, certificate: pem }, at) => {
    const certificate = pem === undefined ? undefined : readCertificate(pem);
    if (!certificate) return [];
    const path = `trust.anchors[${at}].certificate`;
    const rotate = "rotate it: docs/runbooks/rotate-anchor.md";
    const problem = dateProblem(certificate, now);
    if (problem !== undefined) return [`${path} ${problem}: no proxy trusts what it signed → ${rotate}`];
    if (id !== trust.active || certificate.validToDate.getTime() >= now.getTime() + lifetimeHours * HOUR_MS) {
      return [];
    }
    return [
      `${path} ends on ${day(certificate.validToDate)}, before the issuers that it signs now ` +
        `(trust.issuer.lifetimeHours: ${lifetimeHours}) → ${rotate}, or shorten the lifetime of issuers`,
    ];
  });
}

function clusterNotes({ name, issuer, ca }: Plan["clusters"][number], now: Date): string[] {
  const certificate = issuer && readCertificate(issuer.certificate);
  const anchor = issuer && readCertificate(issuer.anchor.certificate);
  const renew = "give a new issuer, or remove it for one that the active anchor signs";
  const problem =
    certificate &&
    (dateProblem(certificate, now) ?? (anchor ? outlivingProblem(certificate, anchor) : undefined));
  return [
    ...(problem === undefined ? [] : [`clusters.${name}.issuer.certificate ${problem} → ${renew}`]),
    ...certificateBlocks(ca ?? "").flatMap((pem) => {
      const authority = readCertificate(pem);
      const problem = authority && dateProblem(authority, now);
      return problem === undefined
        ? []
        : [
            `clusters.${name}.ca ${problem}: links to ${name} do not trust its API server → paste the new one`,
          ];
    }),
  ];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
