import { CONTROL_PLANE_NAMESPACE } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { authorityAbove, authorityProblem, hasBrokenSignature, identityOf } from "./authorities";
import { certificateBlocks, readCertificate } from "./certificates";
import { keyMistake } from "./rules";

/**
 * An issuer that is given is fit for it and trusted; an adopted cluster does not get one that its pods do not trust.
 */
export function issuerRules(fleet: Readable): Problem[] {
  return [...judgeIssuers(fleet), ...untrustedIssuers(fleet), ...givenGenerations(fleet)];
}

function judgeIssuers({ raw, linkerd, trust, clusters, anchors, isUnread }: Readable): Problem[] {
  if (trust?.provider === "cert-manager") return [];
  const authorities = anchors.flatMap(({ value }) => readCertificate(value.certificate ?? "") ?? []);
  return [...clusters].flatMap(([name, { issuer, trustDomain, linkerd: own }]) => {
    if (!issuer) return [];
    const tell = (key: string, problem: string, fix: string): Problem[] => [
      { path: pathOf(["clusters", name, "issuer", key]), problem, fix },
    ];
    const chain = certificateBlocks(issuer.certificate).flatMap((pem) => readCertificate(pem) ?? []);
    const [certificate, ...others] = chain;
    // The schema reports certificates that cannot be read.
    if (!certificate) return [];
    const namespace = own.namespace ?? linkerd?.namespace ?? CONTROL_PLANE_NAMESPACE;
    const domain = trustDomain ?? trust?.domain;
    const unfit = authorityProblem(certificate, domain === undefined ? [] : [identityOf(domain, namespace)]);
    if (unfit) return tell("certificate", ...unfit);
    // linkerd2 `pkg/issuercerts`: an issuer is ECDSA P-256, where an anchor may be RSA.
    if (certificate.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      return tell("certificate", "has a key Linkerd does not take", "use an issuer with an ECDSA P-256 key");
    }
    if (hasBrokenSignature(certificate)) {
      return tell(
        "certificate",
        "is signed with SHA-1 or MD5, which Linkerd refuses",
        "let its authority sign it again, with SHA-256",
      );
    }
    if (!authorityAbove(chain, authorities)) {
      if (isUnread(["trust", "anchors"])) return [];
      return tell(
        "certificate",
        "was not signed by a certificate of trust.anchors",
        "add the anchor that signed it, as `retiring`; an intermediate between them stands behind it in the same text",
      );
    }
    const mistake = keyMistake(raw, issuer.privateKey.secret, certificate);
    const isBehind = mistake && others.some((other) => !keyMistake(raw, issuer.privateKey.secret, other));
    if (isBehind) {
      const fix = "put the issuer's own certificate first, and those that signed it behind it";
      return tell("certificate", "does not begin with the certificate of its key", fix);
    }
    return mistake ? tell("privateKey", ...mistake) : [];
  });
}

function givenGenerations({ clusters }: Readable): Problem[] {
  return [...clusters]
    .filter(([, { issuer, generations }]) => issuer && generations.issuer !== 1)
    .map(([name]) => ({
      path: pathOf(["clusters", name, "generations", "issuer"]),
      problem: "has no effect: this cluster's issuer is given, not generated",
      fix: "give another issuer, or remove the given one",
    }));
}

/** A generated anchor cannot be in any bundle yet. */
function untrustedIssuers({ clusters, anchors, isUnread }: Readable): Problem[] {
  const isGiven = ({ path, value }: Readable["anchors"][number]) =>
    value.certificate !== undefined || isUnread([...path, "certificate"]);
  if (!anchors.some((anchor) => anchor.value.state === "active" && !isGiven(anchor))) return [];
  return [...clusters]
    .filter(([name, { adopt, issuer }]) => adopt && !issuer && !isUnread(["clusters", name, "issuer"]))
    .map(([name]) => ({
      path: pathOf(["clusters", name, "issuer"]),
      problem: "is missing: the running pods of an adopted cluster do not trust the generated anchor yet",
      fix: "give the issuer that the cluster has, as `npx fleet adopt` prints it",
    }));
}
