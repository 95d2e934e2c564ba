import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { ClusterPlan } from "../fleet/clusters/plan";
import { GATEWAY_PORT, MULTICLUSTER_NAMESPACE, PROBE_PORT } from "../fleet/config/names";
import { GATEWAY_AUTHENTICATIONS } from "../fleet/gateways/plan";
import type { ReleasePlan } from "../fleet/linkerd/releases";
import type { Plan } from "../fleet/plan";
import type { Pair } from "./authority";
import { CREATED } from "./effectiveFleet";
import { ADDRESS, at, base64, deployment, mirrorLabels, POLICY, RBAC, type Stored } from "./stored";

/** Objects that the charts make. */
export function ofCharts({ controlPlaneNamespace: linkerd, gateway, controllers }: ClusterPlan): Stored[] {
  const mc = MULTICLUSTER_NAMESPACE;
  const chartGateway = gateway.enabled && gateway.kind === "chart";
  const own = GATEWAY_AUTHENTICATIONS.chart;
  return [
    ...["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"].map((of) =>
      deployment(linkerd, of),
    ),
    ...["linkerd-local-service-mirror", ...(chartGateway ? ["linkerd-gateway"] : [])].map((of) =>
      deployment(mc, of, EXTENSION),
    ),
    ...(chartGateway
      ? [
          at(
            "/api/v1/services",
            mc,
            "linkerd-gateway",
            {
              spec: {
                ports: [
                  { name: "mc-gateway", port: GATEWAY_PORT },
                  { name: "mc-probe", port: PROBE_PORT },
                ],
              },
              status: { loadBalancer: { ingress: [{ ip: ADDRESS }] } },
            },
            { annotations: { "mirror.linkerd.io/gateway-identity": gateway.identity } },
          ),
          at(`${POLICY}/v1alpha1/networkauthentications`, mc, own.networks, {
            spec: { networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] },
          }),
          at(`${POLICY}/v1alpha1/meshtlsauthentications`, mc, own.identities, {
            spec: { identities: ["*"] },
          }),
        ]
      : []),
    ...controllers.flatMap(({ target }) => ofController(target)),
  ];
}

/** As the chart marks them; destination controllers are for tests of their own. */
export function controlPlanePods({ controlPlaneNamespace: linkerd }: ClusterPlan, bundle: string): Stored[] {
  return ["identity", "proxy-injector"].map((component) =>
    at(
      "/api/v1/pods",
      linkerd,
      `linkerd-${component}-5d9c7b`,
      {
        spec: { containers: [{ name: component }, { name: "linkerd-proxy" }] },
        status: { phase: "Running", startTime: CREATED },
      },
      {
        labels: {
          "linkerd.io/control-plane-component": component,
          "linkerd.io/control-plane-ns": linkerd,
        },
        annotations: {
          "linkerd.io/trust-root-sha256": createHash("sha256").update(bundle).digest("hex"),
          "linkerd.io/proxy-version": "edge-26.8.3",
        },
      },
    ),
  );
}

const EXTENSION = { "linkerd.io/extension": "multicluster" };

/** Objects that the multicluster chart makes for one link. */
function ofController(target: string): Stored[] {
  const mc = MULTICLUSTER_NAMESPACE;
  const controller = `controller-${target}`;
  const role = `controller-read-remote-creds-${target}`;
  const clusterRole = "linkerd-multicluster-controller-access-local-resources";
  const subjects = [{ kind: "ServiceAccount", name: controller, namespace: mc }];
  return [
    deployment(mc, controller, { ...EXTENSION, component: "controller", ...mirrorLabels(target) }),
    at("/api/v1/serviceaccounts", mc, controller),
    at(`${RBAC}/roles`, mc, role),
    at(`${RBAC}/rolebindings`, mc, role, { roleRef: { kind: "Role", name: role }, subjects }),
    at(`${RBAC}/clusterrolebindings`, "", `${clusterRole}-${target}`, {
      roleRef: { kind: "ClusterRole", name: clusterRole },
      subjects,
    }),
    at(
      "/api/v1/services",
      mc,
      `probe-${target}`,
      { spec: { ports: [{ port: PROBE_PORT }] } },
      { labels: { ...mirrorLabels(target), "mirror.linkerd.io/mirrored-gateway": "true" } },
    ),
  ];
}

/** Objects that cert-manager and trust-manager make for the fleet. */
export function ofManagers(
  { trust }: Plan,
  { controlPlaneNamespace: linkerd }: ClusterPlan,
  { anchor, issuer }: { readonly anchor: Pair; readonly issuer: Pair },
): Stored[] {
  if (trust.clusterIssuer === undefined) return [];
  return [
    at("/api/v1/configmaps", linkerd, "linkerd-identity-trust-roots", {
      data: { "ca-bundle.crt": anchor.pem },
    }),
    at("/api/v1/secrets", linkerd, "linkerd-identity-issuer", {
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(issuer.pem), "tls.key": base64(issuer.key) },
    }),
  ];
}

/** Helm's record of a release. */
export function released({ namespace, chart: { release: name, version }, values }: ReleasePlan): Stored {
  const content = {
    name,
    namespace,
    version: 1,
    info: { status: "deployed" },
    chart: { metadata: { name, version } },
    config: values,
  };
  return at(
    "/api/v1/secrets",
    namespace,
    `sh.helm.release.v1.${name}.v1`,
    {
      type: "helm.sh/release.v1",
      data: { release: base64(gzipSync(JSON.stringify(content)).toString("base64")) },
    },
    { labels: { owner: "helm", status: "deployed" } },
  );
}
