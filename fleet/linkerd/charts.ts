import type { ClusterConfig } from "../clusters/schema";
import type { SecretRef } from "../config/common";
import { isNetwork } from "../config/networks";
import type { ChartSource, LinkerdConfig, LinkerdOverrides } from "./schema";

/** A chart as Helm takes it. */
export interface ChartPlan {
  /** Helm release name: fixed, because replacing a release deletes its CRDs and so every Link. */
  readonly release: string;
  /** Chart name in `repository`, an OCI reference, or the path of a folder or `.tgz`. */
  readonly chart: string;
  readonly version: string;
  /** The existing install to take over: a Helm release, or objects that become one. Absent: nothing may exist. */
  readonly adopt?: "release" | "objects";
  readonly repository?: string;
  /** Credentials of the repository or registry, if it asks for them. */
  readonly credentials?: { readonly username: string; readonly password: SecretRef };
  /** The user's own values; ours are merged over them. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The Linkerd install of one cluster. */
export interface InstallPlan {
  readonly crds: ChartPlan;
  readonly controlPlane: ChartPlan;
  readonly multicluster: ChartPlan;
  /** Where linkerd-viz is wanted. */
  readonly viz?: ChartPlan;
  readonly ha: boolean;
  readonly gatewayApi: LinkerdConfig["gatewayApi"];
  readonly timeoutSeconds: number;
  readonly images: LinkerdConfig["images"];
  readonly cni: boolean;
  /** The chart's own where absent. */
  readonly nativeSidecar?: boolean;
  /** License of the enterprise channel. */
  readonly license?: SecretRef;
  /** Linkerd's own where absent. */
  readonly defaultInboundPolicy?: NonNullable<LinkerdConfig["defaultInboundPolicy"]>;
}

export const CHART_KEYS = ["crds", "controlPlane", "multicluster", "viz"] as const;
export type ChartKey = (typeof CHART_KEYS)[number];

/**
 * On our objects that a chart makes too unless it is told not to. The upgrade that tells it so would delete them
 * (Helm's `kube.Client.update`); and Helm goes on owning each field that had our value already, so that a later
 * change of it must be forced.
 */
export const KEPT_BY_HELM = {
  "helm.sh/resource-policy": "keep",
  "pulumi.com/patchForce": "true",
} as const;

export const CHANNELS = {
  // linkerd2 `bin/helm-build`, docs "Installing Linkerd with Helm".
  edge: {
    source: "https://helm.linkerd.io/edge",
    crds: "linkerd-crds",
    controlPlane: "linkerd-control-plane",
    multicluster: "linkerd-multicluster",
    viz: "linkerd-viz",
  },
  // Buoyant Enterprise for Linkerd, docs "Installing BEL with Helm".
  enterprise: {
    source: "https://helm.buoyant.cloud",
    crds: "linkerd-enterprise-crds",
    controlPlane: "linkerd-enterprise-control-plane",
    multicluster: "linkerd-enterprise-multicluster",
    // Not among its charts: the stack file says where the open-source one comes from.
    viz: "linkerd-viz",
  },
} as const;

/** The version of one chart in one cluster. */
export function chartVersion(fleet: LinkerdConfig, cluster: LinkerdOverrides, key: ChartKey): string {
  return cluster.charts?.[key]?.version ?? cluster.version ?? fleet.charts[key]?.version ?? fleet.version;
}

/** The name of a chart's Helm release in one cluster. */
export function releaseName(
  chart: ChartKey,
  fleet: Pick<LinkerdConfig, "charts">,
  cluster: Pick<LinkerdOverrides, "charts">,
): string {
  return cluster.charts?.[chart]?.release ?? fleet.charts[chart]?.release ?? CHANNELS.edge[chart];
}

/** The install of one cluster: the fleet's settings with the cluster's own over them. */
export function planInstall(
  fleet: LinkerdConfig,
  cluster: LinkerdOverrides,
  adopt: ClusterConfig["adopt"] = false,
): InstallPlan {
  const chart = (key: ChartKey): ChartPlan => {
    const ours = fleet.charts[key];
    const theirs = cluster.charts?.[key];
    const name = CHANNELS[fleet.channel][key];
    return {
      ...locate(
        theirs?.source ??
          cluster.source ??
          ours?.source ??
          fleet.source ?? { url: CHANNELS[fleet.channel].source },
        name,
      ),
      release: releaseName(key, fleet, cluster),
      version: chartVersion(fleet, cluster, key),
      ...(adopt ? { adopt: adopt.releases.includes(key) ? "release" : "objects" } : {}),
      values: mergeValues(ours?.values ?? {}, theirs?.values ?? {}),
    };
  };
  const defaultInboundPolicy = cluster.defaultInboundPolicy ?? fleet.defaultInboundPolicy;
  const nativeSidecar = cluster.nativeSidecar ?? fleet.nativeSidecar;
  return {
    ...(defaultInboundPolicy === undefined ? {} : { defaultInboundPolicy }),
    crds: chart("crds"),
    controlPlane: chart("controlPlane"),
    multicluster: chart("multicluster"),
    ...((cluster.viz ?? fleet.viz) ? { viz: chart("viz") } : {}),
    ha: cluster.ha ?? fleet.ha,
    gatewayApi: cluster.gatewayApi ?? fleet.gatewayApi,
    images: cluster.images ?? fleet.images,
    cni: cluster.cni ?? fleet.cni,
    ...(nativeSidecar === undefined ? {} : { nativeSidecar }),
    ...(fleet.license === undefined ? {} : { license: fleet.license }),
    timeoutSeconds: cluster.timeoutSeconds ?? fleet.timeoutSeconds,
  };
}

function locate(source: ChartSource, name: string): Pick<ChartPlan, "chart" | "repository" | "credentials"> {
  const { url } = source;
  const credentials =
    "password" in source ? { credentials: { username: source.username, password: source.password } } : {};
  if (url.endsWith(".tgz")) return { chart: url, ...credentials };
  if (/^https?:/i.test(url)) return { chart: name, repository: url, ...credentials };
  // Helm knows this scheme in small letters (`pkg/registry/util.go`, `IsOCI`): otherwise it finds no credentials.
  return { chart: `${url.replace(/^oci:/i, "oci:").replace(/\/$/, "")}/${name}`, ...credentials };
}

/** Deep merge, `over` winning; lists are replaced whole, as Helm does. */
export function mergeValues(
  under: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? mergeValues(below, value) : value;
  }
  return merged;
}

/** A plain object: not a list, nor an instance of a class (such as a Pulumi output). */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** `clusterNetworks` of the chart linkerd-control-plane, where a stack file sets it. */
export function networksOf({ clusterNetworks }: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof clusterNetworks !== "string") return undefined;
  const networks = clusterNetworks.split(",").map((one) => one.trim());
  return networks.every(isNetwork) ? networks : undefined;
}
