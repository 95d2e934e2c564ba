import { selfSigned } from "./certificates";

const NAMES = ["us", "eu", "ap"];

/**
 * A stack file whose fleet makes every kind of object that the program knows: between them, the two do. A setting
 * that makes a new kind belongs in here.
 */
export function everyKindStackFile(provider: "own" | "cert-manager") {
  const cluster = (name: string, at: number, more: object) => ({
    context: name,
    network: "shared",
    podNetworks: [`10.${at + 1}.0.0/16`],
    apiServer: `https://api.${name}.example.com`,
    ...more,
  });
  const anchor = { id: "2026", state: "active" };
  const { pem } = selfSigned({ curve: "P-256" });
  return {
    config: {
      "linkerd-fleet:license": { secure: "encrypted" },
      "linkerd-fleet:registry": { secure: "encrypted" },
      "linkerd-fleet:linkerd": {
        channel: "enterprise",
        version: "2.19.0",
        license: { secret: "license" },
        images: { pullSecret: { secret: "registry" } },
        viz: true,
        charts: { viz: { source: "./charts/linkerd-viz", version: "2026.8.3" } },
      },
      "linkerd-fleet:trust": {
        ...(provider === "own"
          ? { anchors: [anchor] }
          : { provider, anchors: [{ ...anchor, certificate: pem, clusterIssuer: "linkerd" }] }),
        restart: { workloads: [{ namespace: "shop", deployment: "checkout" }] },
      },
      "linkerd-fleet:clusters": {
        us: cluster("us", 0, {
          gateway: {
            type: "loadBalancer",
            allowedNetworks: ["198.51.100.0/24"],
            egressNetworks: ["10.1.0.0/16"],
            allowedIdentities: ["*.shop.serviceaccount.identity.linkerd.cluster.local"],
          },
          namespaces: { shop: { defaultInboundPolicy: "deny" } },
        }),
        eu: cluster("eu", 1, {
          gateway: {
            type: "emissary",
            module: { diagnostics: { enabled: false } },
            hosts: [{ name: "shop", hostname: "shop.example.com", tlsSecret: "shop-tls" }],
            mappings: [{ name: "web", prefix: "/", service: "checkout-federated.shop:80" }],
          },
        }),
        ap: cluster("ap", 2, {
          gateway: { type: "static", address: "192.0.2.7" },
          linkerd: { gatewayApi: { version: "1.2.1", file: "./gateway-api" } },
        }),
      },
      "linkerd-fleet:topology": { kind: "mesh" },
      "linkerd-fleet:access": {
        maxAge: "90d",
        generations: [{ target: "eu", source: "us", generation: 2 }],
      },
      "linkerd-fleet:admission": "enforce",
      "linkerd-fleet:operators": ["group:platform"],
      "linkerd-fleet:observability": {
        prometheus: { namespace: "monitoring", serviceAccount: "prometheus" },
        labels: { release: "prometheus" },
        dashboard: { namespace: "monitoring" },
      },
      "linkerd-fleet:services": [
        {
          ...{ name: "checkout", namespace: "shop", mode: "federated", in: NAMES, ports: ["http"] },
          probes: ["/ready"],
          failureAccrual: { maxFailures: 5 },
          timeouts: { request: "3s" },
          retries: { limit: 2 },
          local: "meshed",
          allow: [
            { serviceAccount: "web", namespace: "shop" },
            {
              ...{ serviceAccount: "batch", namespace: "shop" },
              routes: [{ path: { value: "/jobs" }, method: "POST" }],
            },
          ],
        },
        {
          ...{ name: "reports", namespace: "bi", mode: "gateway", in: NAMES, ports: ["http"] },
          allowGateway: true,
          traffic: [{ port: 80, from: ["us"], weights: { us: 90, eu: 10 } }],
        },
        {
          ...{ name: "search", namespace: "shop", mode: "flat", in: ["us", "eu"], ports: ["http"] },
          allow: [{ serviceAccount: "web", namespace: "shop" }],
          traffic: { port: 80, prefer: "local" },
        },
      ],
    },
  };
}
