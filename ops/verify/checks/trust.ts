import { createPrivateKey, type X509Certificate } from "node:crypto";
import { z } from "zod";
import { WEBHOOKS } from "../../../fleet/linkerd/values";
import { authorityAbove } from "../../../fleet/trust/authorities";
import type { TrustPlan } from "../../../fleet/trust/plan";
import { linkerdValues, type Secret } from "../../../live/shapes";
import { entry, hoursLeft, named, readCertificates } from "../certificates";
import { drifted, driftedChart, type Finding, whenReadable } from "../finding";
import { type Check, ofClusters } from "./check";
import { releaseOf } from "./clusters";

/** From when on `linkerd check` warns of any certificate (linkerd2 `pkg/tls`). */
const ANCHOR_HOURS = 60 * 24;

const anchors: Check = {
  name: "the trust anchors are valid",
  judge: ({ outputs, now }) => {
    const certificates = readCertificates(outputs.trustBundle) ?? [];
    return certificates.map((certificate, at) => ({
      subject: `trust anchor ${outputs.plan.anchors[at]?.id ?? at + 1}`,
      findings: judgeDates(certificate, now, ANCHOR_HOURS, "the certificate", {
        remedy: "rotate the trust anchor: it takes several steps, and none of them may be left out",
        runbook: "rotate-anchor",
      }),
    }));
  },
};

export const trustChecks = [
  anchors,
  ofClusters("the trust bundle is the fleet's", ({ found }, { outputs }) =>
    whenReadable({ trustRoots: found.trustRoots, config: found.linkerdConfig }, ({ trustRoots, config }) => {
      const expected = fingerprints(outputs.trustBundle);
      const values = linkerdConfig.safeParse(config ? linkerdValues(config) : {});
      const places = {
        "the ConfigMap linkerd-identity-trust-roots": trustRoots?.data["ca-bundle.crt"],
        "the values in the ConfigMap linkerd-config": values.data?.identityTrustAnchorsPEM,
      };
      return Object.entries(places).flatMap(([place, pem]) => {
        const actual = fingerprints(pem);
        const missing = [...expected].filter((anchor) => !actual.has(anchor)).length;
        const more = [...actual].filter((anchor) => !expected.has(anchor)).length;
        if (missing === 0 && more === 0) return [];
        const parts = [
          ...(missing > 0 ? [`lacks ${missing} of the fleet's ${expected.size} trust anchors`] : []),
          ...(more > 0 ? [`holds ${more} that are not the fleet's`] : []),
        ];
        return [drifted(`${place} ${parts.join(" and ")}`)];
      });
    }),
  ),
  ofClusters("the issuer is valid", ({ found }, { plan, outputs, now }) =>
    whenReadable({ secrets: found.tlsSecrets }, ({ secrets = [] }) => {
      const secret = named(secrets, "linkerd-identity-issuer");
      if (!secret) return [drifted("the Secret linkerd-identity-issuer is missing")];
      const chain = readCertificates(entry(secret, "tls.crt")) ?? [];
      const [certificate] = chain;
      if (!certificate)
        return [drifted("the Secret linkerd-identity-issuer holds no certificate in tls.crt")];
      const bundle = readCertificates(outputs.trustBundle) ?? [];
      const findings: Finding[] = [];
      if (!authorityAbove(chain, bundle)) {
        findings.push(drifted("no trust anchor of the fleet has signed the issuer"));
      }
      if (!holdsKey(secret, certificate))
        findings.push(drifted("the issuer's key is not that of its certificate"));
      return [
        ...findings,
        ...judgeDates(certificate, now, plan.trust.issuer.renewBeforeHours, "the issuer", signed(plan.trust)),
      ];
    }),
  ),
  ofClusters("the webhooks' certificates are valid", ({ cluster, found }, { plan, now }) =>
    whenReadable(
      {
        secrets: found.tlsSecrets,
        proxyInjector: found.injector,
        profileValidator: found.profileValidator,
        policyValidator: found.policyValidator,
        releases: found.controlPlaneReleases,
      },
      ({ secrets = [], releases, ...configurations }) =>
        WEBHOOKS.flatMap(({ value, service, secret: name }) => {
          const secret = named(secrets, name);
          if (!secret) return [drifted(`the Secret ${name} is missing`)];
          const chain = readCertificates(entry(secret, "tls.crt")) ?? [];
          const [certificate] = chain;
          if (!certificate) return [drifted(`the Secret ${name} holds no certificate in tls.crt`)];
          const findings: Finding[] = [];
          if (!holdsKey(secret, certificate)) {
            findings.push(drifted(`the key in the Secret ${name} is not that of its certificate`));
          }
          if (!certificate.checkHost(`${service}.${cluster.controlPlaneNamespace}.svc`)) {
            findings.push(drifted(`the certificate in the Secret ${name} is not for ${service}`));
          }
          const trusted = configurations[value]?.webhooks.every(({ clientConfig }) =>
            trusts(clientConfig.caBundle, certificate),
          );
          if (!trusted) {
            const message = `the API server does not trust the certificate in the Secret ${name}`;
            findings.push(driftedChart(message, cluster, releaseOf(releases, cluster.install.controlPlane)));
          }
          const soon = plan.trust.webhooks.renewBeforeHours;
          return [
            ...findings,
            ...judgeDates(certificate, now, soon, `the certificate of ${service}`, RENEWED),
          ];
        }),
    ),
  ),
];

const RENEWED = {
  remedy: "`pulumi up --refresh --continue-on-error` renews it",
  runbook: "restore",
} as const;

/** How an issuer is renewed: the stack of the anchors signs it. */
function signed({ from }: TrustPlan): Pick<Finding, "remedy" | "runbook"> {
  if (from === undefined) return RENEWED;
  return {
    remedy: `\`pulumi up --refresh --continue-on-error\` in the stack ${from} renews it, then the same here`,
    runbook: "restore",
  };
}

const linkerdConfig = z.object({ identityTrustAnchorsPEM: z.string().optional() });

function fingerprints(pem: string | undefined): Set<string> {
  return new Set(readCertificates(pem)?.map(({ fingerprint256 }) => fingerprint256));
}

function judgeDates(
  certificate: X509Certificate,
  now: Date,
  soonHours: number,
  what: string,
  cure: Pick<Finding, "remedy" | "runbook">,
): Finding[] {
  const left = hoursLeft(certificate, now);
  const day = (date: Date) => date.toISOString().slice(0, 10);
  if (left <= 0) {
    return [{ severity: "error", message: `${what} expired on ${day(certificate.validToDate)}`, ...cure }];
  }
  if (certificate.validFromDate > now) {
    const from = certificate.validFromDate.toISOString();
    return [{ severity: "error", message: `${what} is not valid before ${from}`, ...cure }];
  }
  if (left > soonHours) return [];
  const rest = left < 48 ? `${Math.floor(left)} hours` : `${Math.floor(left / 24)} days`;
  return [{ severity: "warning", message: `${what} expires in ${rest}`, ...cure }];
}

function holdsKey(secret: Secret, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(entry(secret, "tls.key") ?? ""));
  } catch {
    return false;
  }
}

/** Ours signs itself; an adopted install may have a CA of its own. */
function trusts(caBundle: string | undefined, certificate: X509Certificate): boolean {
  const pem = Buffer.from(caBundle ?? "", "base64").toString("utf8");
  return (readCertificates(pem) ?? []).some((ca) => certificate.verify(ca.publicKey));
}
