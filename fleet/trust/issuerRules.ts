import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { chainsTo, readCertificate } from "./certificates";
import { keyMistake } from "./rules";

/**
 * An issuer that is given is fit for it and trusted; an adopted cluster does not get one that its pods do not trust.
 */
export function issuerRules(fleet: Readable): Problem[] {
  return [...judgeIssuers(fleet), ...untrustedIssuers(fleet), ...givenGenerations(fleet)];
}

function judgeIssuers({ raw, trust, clusters, anchors, isUnread }: Readable): Problem[] {
  if (trust?.provider === "cert-manager") return [];
  const authorities = anchors.flatMap(({ value }) => readCertificate(value.certificate ?? "") ?? []);
  return [...clusters].flatMap(([name, { issuer }]) => {
    if (!issuer) return [];
    const tell = (key: string, problem: string, fix: string): Problem[] => [
      { path: pathOf(["clusters", name, "issuer", key]), problem, fix },
    ];
    const certificate = readCertificate(issuer.certificate);
    // The schema reports certificates that cannot be read.
    if (!certificate) return [];
    if (!certificate.ca) {
      return tell(
        "certificate",
        "is not that of a certificate authority",
        "use a certificate with `CA:TRUE`",
      );
    }
    // linkerd2 `pkg/issuercerts`: an issuer is ECDSA P-256, where an anchor may be RSA.
    if (certificate.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      return tell("certificate", "has a key Linkerd does not take", "use an issuer with an ECDSA P-256 key");
    }
    if (!authorities.some((authority) => chainsTo(certificate, authority))) {
      if (isUnread(["trust", "anchors"])) return [];
      return tell(
        "certificate",
        "was not signed by a certificate of trust.anchors",
        "add the anchor that signed it, as `retiring`",
      );
    }
    const mistake = keyMistake(raw, issuer.privateKey.secret, certificate);
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
