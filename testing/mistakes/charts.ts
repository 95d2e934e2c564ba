import type { Mistake } from "./sound";

const values = (chart: string, more: object) => ({ charts: { [chart]: { values: more } } });
export const CHARTS: readonly Mistake[] = [
  [
    "a release of one chart with the name of another's",
    (f) => (f.linkerd.charts = { controlPlane: { release: "linkerd-crds" } }),
    "linkerd.charts.controlPlane.release",
    "its own name",
  ],
  [
    "two releases of one name in a cluster",
    (f) => {
      const charts = { crds: { release: "linkerd" }, controlPlane: { release: "linkerd" } };
      f.clusters.eu.linkerd = { charts };
    },
    "clusters.eu.linkerd.charts.controlPlane.release",
    "its own name",
  ],
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
