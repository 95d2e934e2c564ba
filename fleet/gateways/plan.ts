import {
  GATEWAY_NAME,
  GATEWAY_PORT,
  identityName,
  MULTICLUSTER_NAMESPACE,
  PROBE_PORT,
  type ServiceName,
} from "../config/names";
import type { EmissaryConfig, GatewayConfig } from "./schema";

/** Settings of a gateway that the chart linkerd-multicluster makes. */
export type ChartGatewayConfig = Exclude<GatewayConfig, { type: "none" | "emissary" }>;

export type GatewayPlan = { readonly enabled: false } | ChartGatewayPlan | EmissaryGatewayPlan;

export interface ChartGatewayPlan extends GatewayPorts {
  readonly enabled: true;
  readonly kind: "chart";
  readonly config: ChartGatewayConfig;
}

export interface EmissaryGatewayPlan extends GatewayPorts {
  readonly enabled: true;
  readonly kind: "emissary";
  readonly config: EmissaryConfig;
}

/** The fields of Links to a gateway, and the callers that it admits. */
interface GatewayPorts {
  /** Mesh identity that the sources require of it. */
  readonly identity: string;
  /** Known beforehand; `undefined` means the address its LoadBalancer Service is given. */
  readonly addresses: readonly string[] | undefined;
  readonly port: number;
  readonly probePort: number;
  /** Mesh identities that its gateway port takes; nobody's where there are none. */
  readonly callers: readonly string[];
  readonly networks: readonly string[];
  /** The names it forwards to, with a dot at the end as proxies write them; or every Service of its cluster. */
  readonly forwardsTo: readonly string[] | "any";
}

/** The parts that the identities of a cluster's pods share. */
export interface MeshNames {
  readonly controlPlaneNamespace: string;
  readonly trustDomain: string;
}

/** Every network. */
export const EVERYWHERE: readonly string[] = ["0.0.0.0/0", "::/0"];

/**
 * `sources`: the clusters whose links use the gateway; `services`: the names of the Services that cross through it.
 */
export function planGateway(
  config: GatewayConfig,
  own: MeshNames,
  sources: readonly MeshNames[],
  services: readonly string[],
): GatewayPlan {
  const ports = gatewayPorts(config);
  if (config.type === "none" || !ports) return { enabled: false };
  const reached = {
    enabled: true,
    identity: gatewayIdentity(config, own),
    addresses: config.type === "loadBalancer" ? undefined : config.address,
    ...ports,
    networks: config.allowedNetworks ?? EVERYWHERE,
    forwardsTo: config.reach === "any" ? config.reach : services,
  } as const;
  if (config.type !== "emissary") {
    // The chart's own values (linkerd2 `linkerd-multicluster/templates/gateway-policy.yaml`).
    return { ...reached, kind: "chart", config, callers: config.allowedIdentities ?? ["*"] };
  }
  const meshed = sources.map((source) => `*.identity.${source.controlPlaneNamespace}.${source.trustDomain}`);
  return {
    ...reached,
    kind: "emissary",
    config,
    callers: config.allowedIdentities ?? [...new Set(meshed)].sort(),
  };
}

/** The ports that other clusters dial. A load balancer's are those of its Service. */
export function gatewayPorts(config: GatewayConfig): Pick<GatewayPorts, "port" | "probePort"> | undefined {
  if (config.type === "none") return undefined;
  const { port = GATEWAY_PORT, probePort = PROBE_PORT } = config.type === "loadBalancer" ? {} : config;
  return { port, probePort };
}

/** The Servers that close an Emissary's gateway port, and the port of its proxy's metrics and probes. */
export const EMISSARY_SERVERS = { gateway: "fleet.gateway", admin: "fleet.gateway-admin" } as const;

/** The ServiceAccount of a gateway's pods. */
export function gatewayAccount(config: GatewayConfig): {
  readonly namespace: string;
  readonly serviceAccount: string;
} {
  if (config.type === "emissary") return config;
  return { namespace: MULTICLUSTER_NAMESPACE, serviceAccount: GATEWAY_NAME };
}

/** Mesh identity of a cluster's gateway; what calls through it has no other. */
export function gatewayIdentity(config: GatewayConfig, of: MeshNames): string {
  const { namespace, serviceAccount } = gatewayAccount(config);
  return identityName(serviceAccount, namespace, of.controlPlaneNamespace, of.trustDomain);
}

/** The authentications that its callers must satisfy: the chart's own, which cannot be named otherwise, or ours. */
export const GATEWAY_AUTHENTICATIONS = {
  chart: { networks: "source-cluster", identities: "any-meshed" },
  emissary: { networks: "fleet.gateway", identities: "fleet.gateway" },
} as const;

/** Where a gateway of the chart, or Emissary as one, stands. */
export function gatewayPlace({ config }: { readonly config: GatewayConfig }): {
  readonly namespace: string;
  readonly service: string;
  readonly deployment: string;
} {
  if (config.type === "emissary") return config;
  return { namespace: MULTICLUSTER_NAMESPACE, service: GATEWAY_NAME, deployment: GATEWAY_NAME };
}

/** Whether a Service of a cluster is that of its gateway, which a patch of its own writes. */
export function isGatewayService(
  config: GatewayConfig | undefined,
  { namespace, name }: ServiceName,
): boolean {
  if (config === undefined || config.type === "none") return false;
  const place = gatewayPlace({ config });
  return place.namespace === namespace && place.service === name;
}

/** Addresses of a LoadBalancer Service, separated by commas, as Links and outputs write them. */
export function ingressAddress(
  ingress: readonly { readonly ip?: string | undefined; readonly hostname?: string | undefined }[],
): string {
  return ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? []).join(",");
}

/** The problem of an Emissary whose Deployment runs as this ServiceAccount. */
export function accountMismatch(
  cluster: string,
  { namespace, deployment, serviceAccount }: EmissaryConfig,
  account = "default",
): string | undefined {
  if (account === serviceAccount) return undefined;
  return (
    `The Deployment ${namespace}/${deployment} of ${cluster} runs as the ServiceAccount ${account}: ` +
    `write it as \`serviceAccount\` in clusters.${cluster}.gateway, or every link would expect another identity.`
  );
}

/** The problem of an Emissary whose Service has this type, if the stack file gives no address. */
export function withoutAddress(
  cluster: string,
  { namespace, service }: EmissaryConfig,
  type: string | undefined,
): string | undefined {
  if (type === "LoadBalancer") return undefined;
  return (
    `The Service ${namespace}/${service} of ${cluster} is a ${type}: write how the other clusters reach it as ` +
    `\`address\` (with \`port\` and \`probePort\`) in clusters.${cluster}.gateway.`
  );
}
