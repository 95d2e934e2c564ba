import { selfSigned } from "../certificates";
import type { Mistake } from "./sound";

export const good = selfSigned({ curve: "P-256" });
export const other = selfSigned({ curve: "P-256" });
export const rsa = selfSigned({ rsaBits: 2048 });
const curve = selfSigned({ curve: "P-384" });
const short = selfSigned({ rsaBits: 1024 });
const leaf = selfSigned({ curve: "P-256" }, { authority: false });

const restart = (...workloads: object[]) => ({ workloads });
const web = { namespace: "shop", deployment: "web" };

export const TRUST: readonly Mistake[] = [
  [
    "the control plane among what restarts with the anchors",
    (f) => (f.trust.restart = restart({ ...web, namespace: "linkerd" })),
    "trust.restart.workloads[0]",
    "remove",
  ],
  [
    "the extension among what restarts with the anchors",
    (f) => (f.trust.restart = restart({ ...web, namespace: "linkerd-multicluster" })),
    "trust.restart.workloads[0]",
    "trust.restart.extension",
  ],
  [
    "a workload that restarts twice",
    (f) => (f.trust.restart = restart(web, { ...web, in: ["eu"] })),
    "trust.restart.workloads[1]",
    "one entry",
  ],
  [
    "a workload that restarts in an unknown cluster",
    (f) => (f.trust.restart = restart({ ...web, in: ["us", "euu"] })),
    "trust.restart.workloads[0].in[1]",
    "eu",
  ],
  ["no anchor", (f) => (f.trust.anchors = []), "trust.anchors", "fill"],
  ["no active anchor", (f) => (f.trust.anchors[0].state = "staged"), "trust.anchors", "active"],
  [
    "two active anchors",
    (f) => f.trust.anchors.push({ id: "2027", state: "active" }),
    "trust.anchors[1].state",
    "staged",
  ],
  [
    "an anchor id used twice",
    (f) => f.trust.anchors.push({ id: "2026", state: "staged" }),
    "trust.anchors[1].id",
    "own",
  ],
  [
    "an active anchor without its key",
    (f) => (f.trust.anchors[0].certificate = good.pem),
    "trust.anchors[0].privateKey",
    "secret",
  ],
  [
    "a key without certificate",
    (f) => (f.trust.anchors[0].privateKey = { secret: "stored" }),
    "trust.anchors[0].privateKey",
    "certificate",
  ],
  [
    "a certificate given twice",
    (f) => {
      for (const id of ["a", "b"]) f.trust.anchors.push({ id, state: "staged", certificate: good.pem });
    },
    "trust.anchors[2].certificate",
    "own",
  ],
  [
    "an anchor that is no PEM",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: "AAAA" }),
    "trust.anchors[1].certificate",
    "BEGIN CERTIFICATE",
  ],
  [
    "an anchor that is no certificate",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: good.pem.replace("\nM", "\nA") }),
    "trust.anchors[1].certificate",
    "again",
  ],
  [
    "two certificates in one anchor",
    (f) =>
      f.trust.anchors.push({
        id: "a",
        state: "staged",
        certificate: `${good.pem}\n${other.pem}`,
      }),
    "trust.anchors[1].certificate",
    "one anchor for each",
  ],
  [
    "an anchor that is no authority",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: leaf.pem }),
    "trust.anchors[1].certificate",
    "CA:TRUE",
  ],
  [
    "an anchor on another curve",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: curve.pem }),
    "trust.anchors[1].certificate",
    "P-256",
  ],
  [
    "an anchor with a short RSA key",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: short.pem }),
    "trust.anchors[1].certificate",
    "2048",
  ],
  [
    "a stored key that is none",
    (f) => Object.assign(f.trust.anchors[0], { certificate: good.pem, privateKey: { secret: "stored" } }),
    "trust.anchors[0].privateKey",
    "openssl",
  ],
  [
    "an issuer renewed at every run",
    (f) => (f.trust.issuer = { lifetimeHours: 720 }),
    "trust.issuer.renewBeforeHours",
    "later",
  ],
  [
    "webhook certificates renewed at every run",
    (f) => (f.trust.webhooks = { renewBeforeHours: 8_760 }),
    "trust.webhooks.renewBeforeHours",
    "later",
  ],
  [
    "an anchor that its issuers outlive",
    (f) => (f.trust.anchors[0].lifetimeHours = 8_000),
    "trust.anchors[0].lifetimeHours",
    "longer",
  ],
];

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

const values = (chart: string, more: object) => ({ charts: { [chart]: { values: more } } });
export const CHARTS: readonly Mistake[] = [
  ["one chart file for all charts", (f) => (f.linkerd.source = "./linkerd.tgz"), "linkerd.source", "folder"],
  [
    "an enterprise version in the edge channel",
    (f) => (f.linkerd.version = "2.19.0"),
    "linkerd.version",
    "2026.8.3",
  ],
  [
    "an edge version in the enterprise channel",
    (f) => Object.assign(f.linkerd, { channel: "enterprise", license: { secret: "stored" } }),
    "linkerd.version",
    "2.19.0",
  ],
  [
    "linkerd-viz from the enterprise channel",
    (f) =>
      Object.assign(f.linkerd, {
        channel: "enterprise",
        version: "2.19.0",
        license: { secret: "stored" },
        viz: true,
      }),
    "linkerd.viz",
    "linkerd.charts.viz.source",
  ],
  [
    "the enterprise channel without a license",
    (f) => Object.assign(f.linkerd, { channel: "enterprise", version: "2.19.0" }),
    "linkerd.license",
    "pulumi config set --secret",
  ],
  [
    "a license for the edge channel",
    (f) => (f.linkerd.license = { secret: "stored" }),
    "linkerd.license",
    "remove it",
  ],
  [
    "a pull secret that is not set",
    (f) => (f.clusters.eu.linkerd = { images: { pullSecret: { secret: "registry" } } }),
    "clusters.eu.linkerd.images.pullSecret.secret",
    "pulumi config set --secret linkerd-fleet:registry",
  ],
  [
    "a registry with a scheme",
    (f) => (f.linkerd.images = { registry: "https://mirror.example.com" }),
    "linkerd.images.registry",
    "without scheme",
  ],
  [
    "the trust bundle in chart values",
    (f) => Object.assign(f.linkerd, values("controlPlane", { identityTrustAnchorsPEM: "x" })),
    "linkerd.charts.controlPlane.values.identityTrustAnchorsPEM",
    "trust.anchors",
  ],
  [
    "the issuer's scheme in chart values",
    (f) =>
      (f.clusters.eu.linkerd = values("controlPlane", {
        identity: { issuer: { scheme: "linkerd.io/tls" } },
      })),
    "clusters.eu.linkerd.charts.controlPlane.values.identity.issuer.scheme",
    "trust.issuer",
  ],
  [
    "text over a map that is owned in part",
    (f) => Object.assign(f.linkerd, values("controlPlane", { identity: "x" })),
    "linkerd.charts.controlPlane.values.identity",
    "use trust",
  ],
  [
    "controllers in chart values",
    (f) => Object.assign(f.linkerd, values("multicluster", { controllers: [] })),
    "linkerd.charts.multicluster.values.controllers",
    "topology",
  ],
  [
    "the gateway's ports in chart values",
    (f) => Object.assign(f.linkerd, values("multicluster", { gateway: { port: 1 } })),
    "linkerd.charts.multicluster.values.gateway.port",
    "clusters.<name>.gateway",
  ],
  [
    "another port of the proxies in chart values",
    (f) => Object.assign(f.linkerd, values("controlPlane", { proxy: { ports: { inbound: 5143 } } })),
    "linkerd.charts.controlPlane.values.proxy.ports.inbound",
    "4143",
  ],
  [
    "the Gateway API switch in chart values",
    (f) => Object.assign(f.linkerd, values("crds", { installGatewayAPI: true })),
    "linkerd.charts.crds.values.installGatewayAPI",
    "linkerd.gatewayApi",
  ],
  [
    "a Gateway API from a URL",
    (f) => (f.linkerd.gatewayApi = { version: "1.2.1", file: "https://example.com/install.yaml" }),
    "linkerd.gatewayApi.file",
    "download",
  ],
  [
    "a Gateway API without a version",
    (f) => (f.linkerd.gatewayApi = { file: "./gateway-api" }),
    "linkerd.gatewayApi.version",
    "add it",
  ],
  ["a Gateway API of a name", (f) => (f.linkerd.gatewayApi = "latest"), "linkerd.gatewayApi", "bundled"],
];
