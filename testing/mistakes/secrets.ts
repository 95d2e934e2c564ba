import type { Mistake } from "./sound";
import { good } from "./trust";

const PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n";
const KUBECONFIG = "apiVersion: v1\nkind: Config\nusers:\n- user: { token: abcdefghijkl }\n";
export const SECRETS: readonly Mistake[] = [
  [
    "a secret that is not set",
    (f) => (f.clusters.eu.kubeconfig = { secret: "kube" }),
    "clusters.eu.kubeconfig.secret",
    "pulumi config set --secret linkerd-fleet:kube < file",
  ],
  [
    "a secret in plain text",
    (f) => {
      f.clusters.eu.kubeconfig = { secret: "kube" };
      f.kube = KUBECONFIG;
    },
    "clusters.eu.kubeconfig.secret",
    "pulumi config set --secret linkerd-fleet:kube < file",
  ],
  [
    "a section as secret",
    (f) => (f.clusters.eu.kubeconfig = { secret: "trust" }),
    "clusters.eu.kubeconfig.secret",
    "own",
  ],
  [
    "a kubeconfig in place of its secret",
    (f) => (f.clusters.eu.kubeconfig = KUBECONFIG),
    "clusters.eu.kubeconfig",
    "--secret",
  ],
  [
    "a private key in place of its secret",
    (f) => Object.assign(f.trust.anchors[0], { certificate: good.pem, privateKey: PRIVATE_KEY }),
    "trust.anchors[0].privateKey",
    "--secret",
  ],
  [
    "a private key anywhere else",
    (f) => (f.clusters.eu.region = PRIVATE_KEY),
    "clusters.eu.region",
    "--secret",
  ],
  [
    "a private key in chart values",
    (f) => (f.linkerd.charts = { multicluster: { values: { a: [PRIVATE_KEY] } } }),
    "linkerd.charts.multicluster.values.a[0]",
    "existing Secret",
  ],
  [
    "a token in chart values",
    (f) => (f.linkerd.charts = { multicluster: { values: { a: { accessToken: "abc" } } } }),
    "linkerd.charts.multicluster.values.a.accessToken",
    "existing Secret",
  ],
  [
    "a licence in chart values",
    (f) => (f.linkerd.charts = { controlPlane: { values: { license: "abc" } } }),
    "linkerd.charts.controlPlane.values.license",
    "linkerd.license",
  ],
  ["a plain value that nothing refers to", (f) => (f.leftover = "x"), "leftover", "remove it"],
];
