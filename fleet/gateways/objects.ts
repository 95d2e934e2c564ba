import type { ClusterPlan } from "../clusters/plan";
import { GATEWAY_NAME } from "../config/names";
import { FLEET_MANAGER, type FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import { GATEWAY_AUTHENTICATIONS } from "./plan";

/**
 * A patch of annotations of the chart's Service, because its outputs hold the whole Service: they wait for the
 * address, and later previews find it in the state, where a `.get` would need the cluster to answer. None where the
 * stack file gives the address.
 */
export function chartGatewayService<V extends Values = Plain>(
  { name, gateway }: Pick<ClusterPlan, "name" | "gateway">,
  namespace: Text<V>,
): FleetObject<V>[] {
  if (!gateway.enabled || gateway.kind !== "chart" || gateway.addresses) return [];
  return [
    {
      id: "gateway",
      apiVersion: "v1",
      kind: "Service",
      patch: true,
      metadata: {
        name: GATEWAY_NAME,
        namespace,
        // The plugin's own wait for a Service sleeps for 10 s (pkg/await/service.go). The release waited for the pods.
        annotations: {
          "linkerd-fleet/cluster": name,
          "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}",
          ...FLEET_MANAGER,
        },
      },
    },
  ];
}

/**
 * Whom the chart's gateway lets in, where the stack file says. The chart lets every meshed caller of every network in
 * and has no value for it, and policies only add up: so its own authentications are changed. Helm leaves alone what
 * no chart version changes.
 */
export function chartGatewayCallers<V extends Values = Plain>(
  { gateway }: Pick<ClusterPlan, "gateway">,
  namespace: Text<V>,
): FleetObject<V>[] {
  if (!gateway.enabled || gateway.kind !== "chart") return [];
  const { allowedNetworks, allowedIdentities } = gateway.config;
  const own = GATEWAY_AUTHENTICATIONS.chart;
  const metadata = (name: string) => ({
    name,
    namespace,
    annotations: { ...FLEET_MANAGER, "pulumi.com/patchForce": "true" },
  });
  return [
    ...(allowedNetworks
      ? [
          {
            id: "gateway-networks",
            apiVersion: "policy.linkerd.io/v1alpha1",
            kind: "NetworkAuthentication",
            patch: true,
            metadata: metadata(own.networks),
            spec: { networks: allowedNetworks.map((cidr) => ({ cidr })) },
          } as const,
        ]
      : []),
    ...(allowedIdentities
      ? [
          {
            id: "gateway-identities",
            apiVersion: "policy.linkerd.io/v1alpha1",
            kind: "MeshTLSAuthentication",
            patch: true,
            metadata: metadata(own.identities),
            spec: { identities: allowedIdentities },
          } as const,
        ]
      : []),
  ];
}

/** Holds the chart's gateway to the networks that the stack file names; none where it names none. */
export function chartGatewayEgress<V extends Values = Plain>(
  { gateway, controlPlaneNamespace }: Pick<ClusterPlan, "gateway" | "controlPlaneNamespace">,
  namespace: Text<V>,
): FleetObject<V>[] {
  if (!gateway.enabled || gateway.kind !== "chart" || !gateway.config.egressNetworks) return [];
  const inNamespace = (name: string) => ({
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
  });
  return [
    {
      id: "gateway-egress",
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "fleet.gateway-egress", namespace },
      spec: {
        // The labels of the gateway's pods (chart linkerd-multicluster, `gateway.yaml`).
        podSelector: { matchLabels: { app: GATEWAY_NAME } },
        policyTypes: ["Egress"],
        egress: [
          { to: gateway.config.egressNetworks.map((cidr) => ({ ipBlock: { cidr } })) },
          // Its proxy asks the control plane for its identity, policies and destinations.
          { to: [inNamespace(controlPlaneNamespace)] },
          {
            to: [inNamespace("kube-system")],
            ports: [
              { protocol: "UDP", port: 53 },
              { protocol: "TCP", port: 53 },
            ],
          },
        ],
      },
    },
  ];
}
