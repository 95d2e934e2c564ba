import { DEFAULT_EXCLUDED_ANNOTATIONS, DEFAULT_EXCLUDED_LABELS } from "../../fleet/excludes";
import { type StackConfig, TestLab } from "./harness";

/** One cluster for each kind of gateway; africa's changes from load balancer to Emissary and back. */
const GATEWAYS: Readonly<Record<string, object>> = {
  us: { type: "loadBalancer" },
  eu: { type: "nodePort", address: ["192.0.2.11", "node.eu.example.com"], port: 30143, probePort: 30191 },
  apac: { type: "static", address: "gw.apac.example.com", port: 443, probePort: 8443 },
  latam: { type: "none" },
  africa: { type: "loadBalancer" },
};
export const EMISSARY = {
  type: "emissary",
  skipInboundPorts: [8080, 8443],
  hosts: [{ name: "shop", hostname: "shop.example.com" }],
  mappings: [{ name: "checkout", prefix: "/checkout/", service: "checkout-federated.shop:80" }],
};

/** A lab of these clusters, all linked from us, with services of every mode; up. */
export async function fiveGateways(): Promise<TestLab> {
  const lab = await TestLab.create();
  lab.edit((config) => {
    config["linkerd-fleet:clusters"] = Object.fromEntries(
      Object.entries(GATEWAYS).map(([name, gateway], at) => [
        name,
        {
          context: name,
          network: "lab",
          apiServer: lab.apiServer(at),
          podNetworks: [`10.${at + 1}.0.0/16`],
          gateway,
        },
      ]),
    );
    config["linkerd-fleet:topology"] = {
      kind: "links",
      links: [
        ...["eu", "apac", "latam", "africa"].map((target) => ({ source: "us", target })),
        { source: "eu", target: "us" },
      ],
    };
    const reports = { name: "reports", namespace: "bi", ports: ["http"] };
    const checkout = { name: "checkout", namespace: "shop", ports: ["http"], failureAccrual: {} };
    const traffic = [{ port: 80, from: ["us"], weights: { us: 90, eu: 10 } }];
    config["linkerd-fleet:services"] = [
      { ...checkout, mode: "federated", in: ["eu", "apac", "latam", "africa"] },
      { ...reports, mode: "gateway", in: ["us", "eu", "apac", "africa"], allowGateway: true, traffic },
      { ...reports, mode: "flat", in: ["latam"] },
    ] as StackConfig["linkerd-fleet:services"];
  });
  try {
    await lab.bringUp();
    return lab;
  } catch (error) {
    await lab.remove();
    throw error;
  }
}

/** The fields of a Link that all kinds of gateway have alike. */
export function common(target: string) {
  return {
    targetClusterName: target,
    targetClusterDomain: "cluster.local",
    targetClusterLinkerdNamespace: "linkerd",
    clusterCredentialsSecret: `cluster-credentials-${target}`,
    remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
    federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
    excludedAnnotations: DEFAULT_EXCLUDED_ANNOTATIONS,
    excludedLabels: DEFAULT_EXCLUDED_LABELS,
  };
}

/** And those of a Link to a gateway. */
export function through(address: string, port: number, probePort: number, account: string) {
  return {
    gatewayAddress: address,
    gatewayPort: String(port),
    gatewayIdentity: `${account}.serviceaccount.identity.linkerd.cluster.local`,
    probeSpec: {
      path: "/ready",
      port: String(probePort),
      period: "3s",
      failureThreshold: "3",
      timeout: "5s",
    },
    selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
  };
}

/** What the chart's gateway runs as. */
export const CHART = "linkerd-gateway.linkerd-multicluster";
