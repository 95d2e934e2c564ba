import type { ClusterPlan } from "../clusters/plan";
import { isMap } from "../config/json";
import { GATEWAY_NAME, GATEWAY_PORT, LICENSE_SECRET, PROBE_PORT, PULL_SECRET } from "../config/names";
import { EXPORT_LABEL } from "../exports/labels";
import type { GatewayPlan } from "../gateways/plan";
import { ADDITIONAL_ENV, reachAnnotations } from "../gateways/reach";
import { type ChartKey, type ChartPlan, mergeValues } from "./charts";

/**
 * The chart values this program owns. They are functions of plain data, so a value is changed in one place; the
 * certificates are of type `T`, because they come from resources. All are public: keys go into Secrets only.
 * Names: `values.yaml` of the charts linkerd-crds, linkerd-control-plane and linkerd-multicluster.
 */
export type Values = Record<string, unknown>;

/** Annotation of pods that restart with every change of the anchors (`restart.extension`). */
export const TRUST_MARK = "linkerd-fleet/trust-anchors";

/** The three admission webhooks: their key in the chart's values, their Service and their TLS Secret. */
export const WEBHOOKS = [
  { value: "proxyInjector", service: "linkerd-proxy-injector", secret: "linkerd-proxy-injector-k8s-tls" },
  { value: "profileValidator", service: "linkerd-sp-validator", secret: "linkerd-sp-validator-k8s-tls" },
  {
    value: "policyValidator",
    service: "linkerd-policy-validator",
    secret: "linkerd-policy-validator-k8s-tls",
  },
] as const;
export type WebhookValue = (typeof WEBHOOKS)[number]["value"];

/** Top-level or nested values that a stack file may not set, with the setting that does it instead. */
export const OWNED_VALUES: Readonly<Record<ChartKey, Readonly<Record<string, string>>>> = {
  crds: { installGatewayAPI: "linkerd.gatewayApi" },
  controlPlane: {
    identityTrustAnchorsPEM: "trust.anchors",
    identityTrustDomain: "trust.domain or clusters.<name>.trustDomain",
    clusterDomain: "clusters.<name>.clusterDomain",
    "proxy.defaultInboundPolicy": "linkerd.defaultInboundPolicy",
    "proxy.nativeSidecar": "linkerd.nativeSidecar",
    "proxy.image.name": "linkerd.images.registry",
    "debugContainer.image.name": "linkerd.images.registry",
    controllerImage: "linkerd.images.registry",
    imagePullSecrets: "linkerd.images.pullSecret",
    cniEnabled: "linkerd.cni",
    license: "linkerd.license",
    licenseSecret: "linkerd.license",
    "proxy.ports.inbound": "nothing: gateways of other clusters are reached at 4143",
    "proxy.ports.admin": "nothing: gateways of other clusters are probed at 4191",
    "podMonitor.enabled": "observability",
    "podMonitor.labels": "observability.labels",
    "podMonitor.scrapeInterval": "observability.scrapeInterval",
    "podMonitor.serviceMirror.enabled": "observability",
    "identity.externalCA": "trust.anchors",
    "identity.issuer.scheme": "trust.issuer",
    // The steps of a rotation and an alert count on it (fleet/trust/readiness.ts).
    "identity.issuer.issuanceLifetime": "nothing: identities live for 24 hours",
    "identity.issuer.tls": "trust.anchors",
    ...Object.fromEntries(
      WEBHOOKS.flatMap(({ value }) =>
        ["externalSecret", "caBundle", "crtPEM", "keyPEM", "injectCaFrom", "injectCaFromSecret"].map(
          (key) => [`${value}.${key}`, "trust.webhooks"],
        ),
      ),
    ),
  },
  multicluster: {
    controllers: "topology",
    ...Object.fromEntries(
      [
        "enabled",
        "name",
        "port",
        "probe.port",
        "serviceType",
        "nodePort",
        "probe.nodePort",
        "serviceAnnotations",
        "loadBalancerSourceRanges",
        "loadBalancerClass",
        "loadBalancerIP",
        "replicas",
      ].map((key) => [`gateway.${key}`, "clusters.<name>.gateway"]),
    ),
    identityTrustDomain: "trust.domain or clusters.<name>.trustDomain",
    linkerdNamespace: "linkerd.namespace",
    remoteMirrorServiceAccount: "topology (every link has an access of its own)",
    remoteMirrorServiceAccountName: "clusters.<name>.chartAccesses",
    enableNamespaceCreation: "clusters.<name>.createNamespaces",
    createNamespaceMetadataJob: "nothing: this program makes the namespace with its labels",
    "gateway.pauseImage": "linkerd.images.pause",
    "controllerDefaults.image.name": "linkerd.images.registry",
    "localServiceMirror.image.name": "linkerd.images.registry",
    imagePullSecrets: "linkerd.images.pullSecret",
    "localServiceMirror.federatedServiceSelector": "services[].to",
    "localServiceMirror.excludedLabels": "topology.excludedLabels",
    "localServiceMirror.excludedAnnotations": "topology.excludedAnnotations",
  },
  viz: {
    linkerdNamespace: "linkerd.namespace",
    clusterDomain: "clusters.<name>.clusterDomain",
    identityTrustDomain: "trust.domain or clusters.<name>.trustDomain",
    defaultRegistry: "linkerd.images.registry",
    "prometheus.image.registry": "linkerd.images.registry",
    imagePullSecrets: "linkerd.images.pullSecret",
    createNamespaceMetadataJob: "nothing: this program makes the namespace with its labels",
  },
};

/** Nested values that a setting gives, and that a stack file may also set: there its own win. */
export const DEFAULT_VALUES: Readonly<Record<ChartKey, Readonly<Record<string, string>>>> = {
  crds: {},
  controlPlane: Object.fromEntries(
    [
      "controllerReplicas",
      "enablePodAntiAffinity",
      "enablePodDisruptionBudget",
      "webhookFailurePolicy",
      "highAvailability",
      "deploymentStrategy.rollingUpdate.maxUnavailable",
      "deploymentStrategy.rollingUpdate.maxSurge",
    ].map((key) => [key, "linkerd.ha"]),
  ),
  multicluster: {
    enablePodAntiAffinity: "linkerd.ha",
    podAnnotations: `restart.extension (adds \`${TRUST_MARK}\`)`,
    "gateway.deploymentAnnotations": `restart.extension (adds \`${TRUST_MARK}\`) and clusters.<name>.gateway.reach (adds to \`${ADDITIONAL_ENV}\`)`,
  },
  viz: Object.fromEntries(
    ["enablePodAntiAffinity", "enablePodDisruptionBudget", "tap.replicas"].map((key) => [key, "linkerd.ha"]),
  ),
};

export function crdsValues(cluster: ClusterPlan): Values {
  return mergeValues(cluster.install.crds.values, {
    installGatewayAPI: cluster.install.gatewayApi === "bundled",
  });
}

/** linkerd2 `charts/linkerd-control-plane/values-ha.yaml`. */
const CONTROL_PLANE_HA: Values = {
  controllerReplicas: 3,
  enablePodAntiAffinity: true,
  enablePodDisruptionBudget: true,
  webhookFailurePolicy: "Fail",
  highAvailability: true,
  deploymentStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: "25%" } },
};

export interface Certificates<T> {
  /** The trust bundle. */
  readonly bundle: T;
  /** For each of the three, the certificate that the API server trusts. */
  readonly webhooks: readonly { readonly value: WebhookValue; readonly caBundle: T }[];
}

export function controlPlaneValues<T>(cluster: ClusterPlan, trust: Certificates<T>): Values {
  const webhooks = Object.fromEntries(
    trust.webhooks.map(({ value, caBundle }) => [value, { externalSecret: true, caBundle }]),
  );
  const { defaultInboundPolicy, nativeSidecar, license, images, cni } = cluster.install;
  const { registry } = images;
  const proxy: Values = {
    ...(defaultInboundPolicy === undefined ? {} : { defaultInboundPolicy }),
    ...(nativeSidecar === undefined ? {} : { nativeSidecar }),
    ...(registry === undefined ? {} : { image: { name: `${registry}/proxy` } }),
  };
  return mergeValues(
    mergeValues(cluster.install.ha ? CONTROL_PLANE_HA : {}, cluster.install.controlPlane.values),
    {
      clusterDomain: cluster.clusterDomain,
      identityTrustDomain: cluster.trustDomain,
      // Ours is the ConfigMap and the issuer Secret. The bundle is given as well: `linkerd multicluster check`
      // compares this value between clusters, and its hash rolls the control plane when the bundle changes.
      identityTrustAnchorsPEM: trust.bundle,
      identity: { externalCA: true, issuer: { scheme: "kubernetes.io/tls" } },
      ...webhooks,
      ...(Object.keys(proxy).length === 0 ? {} : { proxy }),
      ...(registry === undefined
        ? {}
        : {
            controllerImage: `${registry}/controller`,
            debugContainer: { image: { name: `${registry}/debug` } },
          }),
      ...pullSecrets(cluster),
      cniEnabled: cni,
      ...(license === undefined ? {} : { licenseSecret: LICENSE_SECRET }),
      ...podMonitors(cluster),
    },
  );
}

/** Its PodMonitor for service mirrors looks for a label that the controllers of links do not have: ours does it. */
function podMonitors({ observability }: ClusterPlan): Values {
  if (!observability) return {};
  const { labels, scrapeInterval } = observability;
  return { podMonitor: { enabled: true, labels, scrapeInterval, serviceMirror: { enabled: false } } };
}

export function multiclusterValues(cluster: ClusterPlan): Values {
  const ha: Values = cluster.install.ha ? { gateway: { replicas: 3 }, enablePodAntiAffinity: true } : {};
  const { registry, pause } = cluster.install.images;
  const { extension, mark } = cluster.restart;
  const image = registry === undefined ? {} : { image: { name: `${registry}/controller` } };
  return mergeValues(mergeValues(ha, cluster.install.multicluster.values), {
    gateway: {
      ...gatewayValues(cluster.gateway, cluster.install.ha),
      ...(pause === undefined ? {} : { pauseImage: pause }),
      ...podAnnotations(cluster, extension ? { [TRUST_MARK]: mark } : {}),
    },
    ...(extension ? { podAnnotations: { [TRUST_MARK]: mark } } : {}),
    ...(registry === undefined ? {} : { controllerDefaults: image }),
    ...pullSecrets(cluster),
    identityTrustDomain: cluster.trustDomain,
    linkerdNamespace: cluster.controlPlaneNamespace,
    // Access is one ServiceAccount for each source, made by this program; so is the namespace with its labels.
    ...(cluster.chartAccesses.length === 0
      ? { remoteMirrorServiceAccount: false }
      : { remoteMirrorServiceAccount: true, remoteMirrorServiceAccountName: cluster.chartAccesses }),
    createNamespaceMetadataJob: false,
    ...(cluster.createNamespaces ? { enableNamespaceCreation: true } : {}),
    controllers: cluster.controllers.map(({ target, probePort, headless }) => ({
      link: { ref: { name: target } },
      ...(headless ? { enableHeadlessServices: true } : {}),
      gateway: probePort === undefined ? { enabled: false } : { enabled: true, probe: { port: probePort } },
    })),
    localServiceMirror: {
      ...image,
      // Whatever the value: it says which other clusters see a member, and each member's own cluster sees it.
      ...(cluster.ownMembers ? { federatedServiceSelector: EXPORT_LABEL.federated[0] } : {}),
      excludedLabels: cluster.excludes.excludedLabels.join(","),
      excludedAnnotations: cluster.excludes.excludedAnnotations.join(","),
    },
  });
}

/** Annotations of the gateway's pods. One key is a list, to which a stack file may add. */
function podAnnotations({ gateway, install }: ClusterPlan, mark: Readonly<Record<string, string>>): Values {
  const given = install.multicluster.values.gateway;
  const own = isMap(given) && isMap(given.deploymentAnnotations) ? given.deploymentAnnotations : {};
  const reach =
    gateway.enabled && gateway.kind === "chart" ? reachAnnotations(gateway, own[ADDITIONAL_ENV]) : {};
  const deploymentAnnotations = { ...mark, ...reach };
  return Object.keys(deploymentAnnotations).length > 0 ? { deploymentAnnotations } : {};
}

/** linkerd2 `viz/charts/linkerd-viz/values-ha.yaml`, without its resource requests. */
const VIZ_HA: Values = {
  enablePodAntiAffinity: true,
  enablePodDisruptionBudget: true,
  tap: { replicas: 3 },
};

export function vizValues(cluster: ClusterPlan, viz: ChartPlan): Values {
  const { registry } = cluster.install.images;
  return mergeValues(mergeValues(cluster.install.ha ? VIZ_HA : {}, viz.values), {
    linkerdNamespace: cluster.controlPlaneNamespace,
    clusterDomain: cluster.clusterDomain,
    identityTrustDomain: cluster.trustDomain,
    createNamespaceMetadataJob: false,
    // The chart takes all images from the first, and Prometheus' from the second.
    ...(registry === undefined ? {} : { defaultRegistry: registry, prometheus: { image: { registry } } }),
    ...pullSecrets(cluster),
  });
}

function pullSecrets({ install }: ClusterPlan): Values {
  return install.images.pullSecret === undefined ? {} : { imagePullSecrets: [{ name: PULL_SECRET }] };
}

function gatewayValues(gateway: GatewayPlan, ha: boolean): Values {
  if (!gateway.enabled || gateway.kind === "emissary") return { enabled: false };
  const { config } = gateway;
  // A change of what it forwards to restarts it: with two pods, one after the other, no request is lost.
  const crosses = !ha && gateway.forwardsTo !== "any" && gateway.forwardsTo.length > 0;
  const replicas = config.replicas ?? (crosses ? 2 : undefined);
  const common = {
    enabled: true,
    name: GATEWAY_NAME,
    // The Service sends each port on to the same one of the pods, where the proxy listens: not to be chosen.
    port: GATEWAY_PORT,
    serviceAnnotations: config.annotations,
    ...(replicas === undefined ? {} : { replicas }),
  };
  if (config.type === "nodePort") {
    const probe = { port: PROBE_PORT, nodePort: config.probePort };
    return { ...common, serviceType: "NodePort", nodePort: config.port, probe };
  }
  const loadBalancerIP = config.type === "static" ? config.loadBalancerIP : undefined;
  return {
    ...common,
    serviceType: "LoadBalancer",
    probe: { port: PROBE_PORT },
    loadBalancerSourceRanges: config.sourceRanges,
    ...(config.loadBalancerClass === undefined ? {} : { loadBalancerClass: config.loadBalancerClass }),
    ...(loadBalancerIP === undefined ? {} : { loadBalancerIP }),
  };
}
