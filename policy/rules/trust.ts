import { z } from "zod";
import { certificateBlocks, readCertificate } from "../../fleet/trust/certificates";
import { dateProblem, outlivingProblem } from "../../fleet/trust/dates";
import { ISSUER_SECRET, TRUST_ROOTS } from "../../fleet/trust/objects";
import type { JudgedFleet } from "../fleet";
import {
  CERTIFICATE,
  CONFIG_MAP,
  chartOf,
  objectName,
  PRIVATE_KEY,
  RELEASE,
  type Resource,
  SECRET,
} from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

export const keysP256: ResourceRule = {
  name: "keys-p256",
  description: "Keys are ECDSA P-256, the only ones Linkerd's identity takes.",
  severity: "critical",
  remediation: "Write `algorithm: ECDSA` and `ecdsaCurve: P256`; the provider's own default is P-224.",
  settings: NONE,
  types: PRIVATE_KEY,
  *judge({ properties }) {
    const [algorithm, curve] = [properties.at("algorithm"), properties.at("ecdsaCurve")];
    if (algorithm.isNot("ECDSA") || curve.isNot("P256")) yield `it is ${algorithm.text} ${curve.text ?? ""}`;
  },
};

const hours = z.int().min(1);
const lifetimeSettings = z.strictObject({
  authorityHours: hours
    .default(87_600)
    .describe("How long a trust anchor, or the webhooks' authority, may be valid"),
  otherHours: hours.default(8_760).describe("How long issuers and webhook certificates may be valid"),
});

export const lifetimes: ResourceRule<z.infer<typeof lifetimeSettings>> = {
  name: "lifetimes",
  description: "Certificates live no longer than allowed, and all but trust anchors renew before their end.",
  severity: "high",
  remediation: "Set `lifetimeHours` and `renewBeforeHours` in `trust`.",
  settings: lifetimeSettings,
  types: CERTIFICATE,
  *judge(certificate, { authorityHours, otherHours }) {
    const { type, properties } = certificate;
    const isAuthority = type.endsWith(":SelfSignedCert") && !properties.at("isCaCertificate").isNot(true);
    const valid = properties.at("validityPeriodHours").number;
    const most = isAuthority ? authorityHours : otherHours;
    if (valid === undefined) return;
    if (valid > most) yield `it is valid for ${valid} hours, longer than ${most}`;
    const early = properties.at("earlyRenewalHours");
    if (isAnchor(certificate) || early.isUnknown) return;
    const renewal = early.number ?? 0;
    if (renewal === 0) yield "it does not renew before its end";
    if (renewal >= valid) yield `it renews ${renewal} hours before its end: at every run`;
  },
};

export const anchorNeverRenews: ResourceRule = {
  name: "anchor-never-renews",
  description: "No run renews a trust anchor. A new root that is not trusted everywhere yet stops the mesh.",
  severity: "critical",
  remediation: "Leave `earlyRenewalHours` out. Anchors are rotated by their `state`.",
  settings: NONE,
  types: CERTIFICATE,
  *judge(certificate) {
    const early = certificate.properties.at("earlyRenewalHours");
    if (isAnchor(certificate) && early.isNot(undefined, 0))
      yield `it renews ${early.number} hours before its end`;
  },
};

export const anchorProtected: FleetRule = {
  name: "anchor-protected",
  description: "A trust anchor and its key are protected for as long as the anchor is not retiring.",
  severity: "critical",
  remediation: "Keep `protect`; an anchor leaves by `state: retiring`.",
  settings: NONE,
  *judge(fleet) {
    for (const of of [...fleet.ofType(CERTIFICATE), ...fleet.ofType(PRIVATE_KEY)]) {
      if (!isAnchor(of) || of.isProtected || isRetiring(fleet, of.name)) continue;
      yield { problem: `${of.name} is not protected`, of };
    }
  },
};

function isRetiring({ anchors }: JudgedFleet, name: string): boolean {
  // A Fleet of a program of one's own puts its name before it (components/fleet.ts).
  const isOf = (id: string | undefined) =>
    [`trust-${id}-certificate`, `trust-${id}-key`].some((end) => name === end || name.endsWith(`-${end}`));
  return anchors.some(({ id, state }) => isOf(id) && (state.isUnknown || state.text === "retiring"));
}

/** The root of identities or its key; the webhooks' own authority is none, and renews. */
function isAnchor({ urn }: Resource): boolean {
  return urn.includes("linkerd-fleet:trust:TrustAnchor$");
}

export const issuerOutside: ResourceRule = {
  name: "issuer-outside-values",
  description:
    "The issuer's key comes from a Secret, never from chart values, which Helm keeps in plain text.",
  severity: "critical",
  remediation: "Keep `identity.issuer.scheme: kubernetes.io/tls` and `identity.externalCA: true`.",
  settings: NONE,
  types: RELEASE,
  *judge(release) {
    if (chartOf(release) !== "control-plane") return;
    const identity = release.properties.at("values", "identity");
    const scheme = identity.at("issuer", "scheme");
    if (scheme.isNot("kubernetes.io/tls")) yield `identity.issuer.scheme is ${scheme.text ?? "missing"}`;
    if (identity.at("externalCA").isNot(true)) yield "identity.externalCA is not true";
    const tls = identity.at("issuer", "tls");
    if (!tls.isUnknown && !tls.isAbsent) yield "identity.issuer.tls is set";
  },
};

export const certificateDates: FleetRule = {
  name: "certificate-dates",
  description: "Trust anchors and issuers are valid now, and no issuer is valid for longer than its anchor.",
  severity: "high",
  remediation: "Rotate the anchor, or give the cluster a new issuer; `npx fleet expiry` lists all dates.",
  level: "advisory",
  settings: NONE,
  *judge(fleet) {
    const now = new Date();
    for (const of of fleet.ofType(CONFIG_MAP).filter((of) => objectName(of) === TRUST_ROOTS)) {
      const bundle = of.properties.at("data", "ca-bundle.crt").text ?? "";
      for (const pem of certificateBlocks(bundle)) {
        const anchor = readCertificate(pem);
        const problem = anchor && dateProblem(anchor, now);
        if (problem !== undefined) yield { problem: `a trust anchor of ${of.cluster} ${problem}`, of };
      }
    }
    for (const of of fleet.ofType(SECRET).filter((of) => objectName(of) === ISSUER_SECRET)) {
      const read = (key: string) =>
        readCertificate(Buffer.from(of.properties.at("data", key).text ?? "", "base64").toString("utf8"));
      const [issuer, anchor] = [read("tls.crt"), read("ca.crt")];
      const problem =
        issuer && (dateProblem(issuer, now) ?? (anchor ? outlivingProblem(issuer, anchor) : undefined));
      if (problem !== undefined) yield { problem: `the issuer of ${of.cluster} ${problem}`, of };
    }
  },
};

export const bundleEqual: FleetRule = {
  name: "bundle-equal",
  description: "Every cluster trusts the same anchors, in its ConfigMap and in its chart.",
  severity: "critical",
  remediation: "Deploy all clusters; the bundle is `trust.anchors` of the stack file and of nothing else.",
  settings: NONE,
  *judge(fleet) {
    const bundles = [
      ...fleet
        .ofType(CONFIG_MAP)
        .filter((of) => objectName(of) === TRUST_ROOTS)
        .map((of) => ({ of, bundle: of.properties.at("data", "ca-bundle.crt") })),
      ...fleet
        .releasesOf("control-plane")
        .map((of) => ({ of, bundle: of.properties.at("values", "identityTrustAnchorsPEM") })),
    ].filter(({ bundle }) => !bundle.isUnknown);
    const [most] = [...Map.groupBy(bundles, ({ bundle }) => bundle.text)].sort(
      ([, a], [, b]) => b.length - a.length,
    );
    for (const { of, bundle } of bundles) {
      if (bundle.text !== most?.[0]) {
        yield { problem: `${of.cluster} trusts other anchors than the rest of the fleet`, of };
      }
    }
  },
};
