import { selfSigned } from "../certificates";
import type { Mistake, Sections } from "./sound";
import { good, other, rsa } from "./trust";

const leaf = selfSigned({ curve: "P-256" }, { authority: false, signer: good });
const issuer = selfSigned({ curve: "P-256" }, { signer: good });

/** The issuer of `eu`, and the anchor that signed it. */
function given(f: Sections, certificate: string, more: object = {}): void {
  f.trust.anchors.push({ id: "existing", state: "retiring", certificate: good.pem });
  f.clusters.eu.issuer = { certificate, privateKey: { secret: "stored" }, ...more };
}

export const ISSUERS: readonly Mistake[] = [
  [
    "an adopted cluster whose pods cannot trust the new anchor",
    (f) => (f.clusters.eu.adopt = true),
    "clusters.eu.issuer",
    "npx fleet adopt",
  ],
  [
    "an issuer that is no certificate",
    (f) => given(f, issuer.pem.replace("\nM", "\nA")),
    "clusters.eu.issuer.certificate",
    "again",
  ],
  ["an issuer that is no authority", (f) => given(f, leaf.pem), "clusters.eu.issuer.certificate", "CA:TRUE"],
  ["an issuer with an RSA key", (f) => given(f, rsa.pem), "clusters.eu.issuer.certificate", "P-256"],
  [
    "an issuer that no anchor signed",
    (f) => given(f, other.pem),
    "clusters.eu.issuer.certificate",
    "retiring",
  ],
  ["an issuer's key that is none", (f) => given(f, issuer.pem), "clusters.eu.issuer.privateKey", "openssl"],
  [
    "an issuer's key that is not stored",
    (f) => given(f, issuer.pem, { privateKey: { secret: "missing" } }),
    "clusters.eu.issuer.privateKey.secret",
    "pulumi config set --secret linkerd-fleet:missing",
  ],
  [
    "a chart's ServiceAccount with the name of an access",
    (f) => (f.clusters.eu.chartAccesses = ["linkerd-service-mirror-remote-access-us"]),
    "clusters.eu.chartAccesses[0]",
    "another name",
  ],
  [
    "a ClusterIssuer without cert-manager",
    (f) => (f.trust.anchors[0].clusterIssuer = "linkerd"),
    "trust.anchors[0].clusterIssuer",
    "provider",
  ],
  [
    "cert-manager with a generated anchor",
    (f) => (f.trust.provider = "cert-manager"),
    "trust.anchors[0].certificate",
    "ClusterIssuer",
  ],
  [
    "cert-manager without a ClusterIssuer",
    (f) => byCertManager(f, { clusterIssuer: undefined }),
    "trust.anchors[0].clusterIssuer",
    "name the ClusterIssuer",
  ],
  [
    "cert-manager with a trust domain that is longer than its certificates take",
    (f) => {
      byCertManager(f, {});
      f.trust.domain = "prod-europe-west1.clusters.platform.example-corp.com";
    },
    "trust.domain",
    "at most 47 characters",
  ],
  [
    "cert-manager with a renewal at the very end",
    (f) => {
      byCertManager(f, {});
      f.trust.issuer = { lifetimeHours: 48, renewBeforeHours: 0 };
    },
    "trust.issuer.renewBeforeHours",
    "at least 1",
  ],
  [
    "cert-manager with the anchor's key",
    (f) => byCertManager(f, { privateKey: { secret: "stored" } }),
    "trust.anchors[0].privateKey",
    "remove it",
  ],
  [
    "cert-manager with an issuer of the cluster's own",
    (f) => {
      byCertManager(f, {});
      f.clusters.eu.issuer = { certificate: good.pem, privateKey: { secret: "stored" } };
    },
    "clusters.eu.issuer",
    "remove it",
  ],
];

function byCertManager(f: Sections, more: object): void {
  f.trust.provider = "cert-manager";
  Object.assign(f.trust.anchors[0], { certificate: good.pem, clusterIssuer: "linkerd", ...more });
  if (f.trust.anchors[0].clusterIssuer === undefined) delete f.trust.anchors[0].clusterIssuer;
}
