import { join } from "node:path";
import { expect } from "vitest";
import { DEFAULT_EXCLUDED_ANNOTATIONS, DEFAULT_EXCLUDED_LABELS } from "../../fleet/links/excludes";
import { repository } from "../../lab/env";
import { type StackConfig, TestLab } from "./harness";

export const EMISSARY = {
  type: "emissary",
  skipInboundPorts: [8080, 8443],
  module: { diagnostics: { enabled: false } },
  hosts: [{ name: "shop", hostname: "shop.example.com" }],
  mappings: [{ name: "checkout", prefix: "/checkout/", service: "checkout-federated.shop:80" }],
};

/** One cluster for each kind of gateway; africa's changes from Emissary to load balancer and back. */
const GATEWAYS: Readonly<Record<string, object>> = {
  us: {
    type: "loadBalancer",
    annotations: { "example.com/balancer": "internal" },
    sourceRanges: ["198.51.100.0/24"],
  },
  eu: { type: "nodePort", address: ["192.0.2.11", "node.eu.example.com"], port: 30143, probePort: 30191 },
  apac: { type: "static", address: "gw.apac.example.com", port: 443, probePort: 8443 },
  latam: { type: "none" },
  africa: EMISSARY,
};
/** Settings of single clusters: us is highly available, and makes the namespaces of what it mirrors. */
const MORE: Readonly<Record<string, object>> = { us: { linkerd: { ha: true }, createNamespaces: true } };

/**
 * A lab of these clusters, all linked from us, with services of every mode. They run, africa with an Emissary of
 * somebody else's, and nothing is deployed yet.
 */
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
          ...MORE[name],
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
    const shop = { namespace: "shop", ports: ["http"] };
    const waiting = { failureAccrual: {}, timeouts: { request: "2s" }, retries: { limit: 2 } };
    const traffic = [{ port: 80, from: ["us"], weights: { us: 90, eu: 10 } }];
    config["linkerd-fleet:services"] = [
      { ...shop, ...waiting, name: "checkout", mode: "federated", in: ["eu", "apac", "latam", "africa"] },
      { ...reports, mode: "gateway", in: ["us", "eu", "apac", "africa"], allowGateway: true, traffic },
      { ...reports, mode: "flat", in: ["latam"] },
      { ...shop, name: "carts", mode: "gateway", in: ["africa"], headless: true, allowGateway: true },
      { ...reports, name: "ledger", mode: "flat", in: ["latam"], headless: true },
      { ...shop, name: "stock", mode: "flat", in: ["africa"] },
    ] as StackConfig["linkerd-fleet:services"];
  });
  try {
    await lab.start();
    const africa = [join(repository, "lab", "emissary"), join(__dirname, "fiveGateways.yaml")];
    await lab.kubectl("africa", "apply", ...africa.map((path) => `--filename=${path}`));
    await lab.kubectl("latam", "apply", `--filename=${join(__dirname, "fiveGateways.yaml")}`);
    // The address comes later than the Service.
    const address = "jsonpath={.status.loadBalancer.ingress}";
    await lab.kubectl("africa", "wait", "service/emissary-ingress", "-n=emissary", `--for=${address}`);
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

interface Owned {
  readonly metadata: { readonly annotations: Record<string, string> };
  readonly spec: {
    readonly ports?: readonly object[];
    readonly template?: { readonly metadata: { readonly annotations: Record<string, string> } };
  };
}

/** What its owners wrote of Emissary's objects: all but the marks that every write and every rollout leaves. */
export async function emissaryObjects(
  lab: TestLab,
): Promise<Record<"deployment" | "service" | "account", Owned>> {
  const read = async (kind: string): Promise<Owned> => {
    const found = await lab.kubectl("africa", "get", kind, "emissary-ingress", "-n=emissary", "-o=json");
    const { status: _, metadata, ...rest } = JSON.parse(found);
    const { managedFields: _1, resourceVersion: _2, generation: _3, annotations, ...kept } = metadata;
    const { "deployment.kubernetes.io/revision": _4, ...written } = annotations ?? {};
    return { ...rest, metadata: { ...kept, annotations: written } };
  };
  const [deployment, service, account] = await Promise.all([
    read("deployment"),
    read("service"),
    read("serviceaccount"),
  ]);
  return { deployment, service, account };
}

/** What those become while Emissary is the gateway. */
export function asGateway(objects: Awaited<ReturnType<typeof emissaryObjects>>): unknown {
  const { deployment, service, account } = structuredClone(objects);
  const manager = { "pulumi.com/patchFieldManager": "linkerd-fleet-gateway" };
  Object.assign(deployment.metadata.annotations, manager);
  Object.assign(deployment.spec.template?.metadata.annotations ?? {}, {
    "linkerd.io/inject": "enabled",
    "config.linkerd.io/enable-gateway": "true",
    "config.linkerd.io/proxy-require-identity-inbound-ports": "4143",
    "config.linkerd.io/skip-inbound-ports": "8080,8443",
    // The services that cross through it, and no other.
    "config.linkerd.io/proxy-additional-env": JSON.stringify([
      {
        name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES",
        value: "carts.shop.svc.cluster.local.,reports.bi.svc.cluster.local.",
      },
    ]),
  });
  Object.assign(service.metadata.annotations, manager, {
    "pulumi.com/skipAwait": "true",
    "mirror.linkerd.io/gateway-identity":
      "emissary-ingress.emissary.serviceaccount.identity.linkerd.cluster.local",
    "mirror.linkerd.io/multicluster-gateway": "true",
    "mirror.linkerd.io/probe-path": "/ready",
    "mirror.linkerd.io/probe-period": "3",
  });
  // The node port is the API server's choice.
  const port = (name: string, number: number) => ({
    name,
    port: number,
    targetPort: number,
    protocol: "TCP",
    nodePort: expect.any(Number),
  });
  const ports = [...(service.spec.ports ?? []), port("mc-gateway", 4143), port("mc-probe", 4191)];
  return { deployment, service: { ...service, spec: { ...service.spec, ports } }, account };
}

/** Our objects beside Emissary. */
export async function besideEmissary(lab: TestLab): Promise<string[]> {
  const policies = [
    "servers",
    "authorizationpolicies",
    "meshtlsauthentications",
    "networkauthentications",
  ].map((kind) => `${kind}.policy.linkerd.io`);
  const kinds = [...policies, ...["modules", "hosts", "mappings"].map((kind) => `${kind}.getambassador.io`)];
  const found = await lab.kubectl("africa", "get", kinds.join(","), "-n=emissary", "-o=name");
  return found.split("\n").filter(Boolean).sort();
}
