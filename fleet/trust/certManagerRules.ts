import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { issuerName } from "./objects";

/** cert-manager `internal/apis/certmanager/validation/certificate.go`: a common name ends at 64 characters. */
const MAX_COMMON_NAME = 64;

/** What the webhook of cert-manager refuses, in the middle of a deployment. */
function refusedCertificates(
  { domain, issuer }: NonNullable<Readable["trust"]>,
  clusters: Readable["clusters"],
): Problem[] {
  const domains = [
    { path: "trust.domain", name: domain },
    ...[...clusters].flatMap(([cluster, { trustDomain }]) =>
      trustDomain === undefined
        ? []
        : [{ path: pathOf(["clusters", cluster, "trustDomain"]), name: trustDomain }],
    ),
  ];
  return [
    ...domains
      .filter(({ name }) => issuerName(name).length > MAX_COMMON_NAME)
      .map(({ path, name }) => ({
        path,
        problem: `is too long for cert-manager: the common name ${issuerName(name)} ends at ${MAX_COMMON_NAME} characters`,
        fix: `use a trust domain of at most ${MAX_COMMON_NAME - issuerName("").length} characters`,
      })),
    // Its `minRenewBefore` is five minutes (`pkg/apis/certmanager/v1/const.go`).
    ...(issuer.renewBeforeHours >= 1
      ? []
      : [
          {
            path: "trust.issuer.renewBeforeHours",
            problem: "is no time at all, which cert-manager does not take",
            fix: "write at least 1",
          },
        ]),
  ];
}

/** With cert-manager every key is in the clusters; without it, every key is here. */
export function certManagerRules({ trust, anchors, clusters, isUnread }: Readable): Problem[] {
  if (!trust) return [];
  if (trust.provider === "pulumi") {
    return anchors.flatMap(({ path, value }) =>
      value.clusterIssuer === undefined
        ? []
        : [
            {
              path: pathOf([...path, "clusterIssuer"]),
              problem: "is only for `trust.provider: cert-manager`",
              fix: "set the provider, or remove it",
            },
          ],
    );
  }
  const issuers = [...clusters]
    .filter(([, { issuer }]) => issuer)
    .map(([name]) => ({
      path: pathOf(["clusters", name, "issuer"]),
      problem: "is not used with `trust.provider: cert-manager`",
      fix: "remove it: the ClusterIssuer signs one",
    }));
  return [
    ...issuers,
    ...refusedCertificates(trust, clusters),
    ...anchors.flatMap(({ path, value }) => {
      const tell = (key: string, problem: string, fix: string): Problem[] => [
        { path: pathOf([...path, key]), problem, fix },
      ];
      if (value.certificate === undefined) {
        if (isUnread([...path, "certificate"])) return [];
        return tell(
          "certificate",
          "is missing: with `trust.provider: cert-manager` no anchor is generated",
          "paste the anchor's certificate, `tls.crt` of the ClusterIssuer's Secret",
        );
      }
      if (value.privateKey) {
        return tell(
          "privateKey",
          "is not used with `trust.provider: cert-manager`",
          "remove it, and the secret it names: cert-manager has the key",
        );
      }
      return value.state === "active" &&
        value.clusterIssuer === undefined &&
        !isUnread([...path, "clusterIssuer"])
        ? tell(
            "clusterIssuer",
            "is missing: an active anchor signs the issuers",
            "name the ClusterIssuer that has its key",
          )
        : [];
    }),
  ];
}
