import { GATEWAY_PORT, PROBE_PORT } from "../config/names";
import type { ServicePort } from "../objects/kubernetes";
import type { FleetObject } from "../objects/object";
import type { AuthenticationRef } from "../objects/policy";
import type { Labels, Plain, Values } from "../objects/values";
import { EMISSARY_SERVERS, type EmissaryGatewayPlan, GATEWAY_AUTHENTICATIONS } from "./plan";
import { reachAnnotations } from "./reach";

/** A manager of its own: Emissary's Service may also be an exported service, which is patched in another's name. */
const MANAGER = { "pulumi.com/patchFieldManager": "linkerd-fleet-gateway" };

/** Makes the proxy of an Emissary that somebody else owns a gateway; and its public ports are left to Emissary. */
export function emissaryDeployment(gateway: EmissaryGatewayPlan): FleetObject<never> {
  const { deployment, namespace, skipInboundPorts } = gateway.config;
  return {
    id: "deployment",
    apiVersion: "apps/v1",
    kind: "Deployment",
    patch: true,
    metadata: { name: deployment, namespace, annotations: MANAGER },
    spec: {
      template: {
        metadata: {
          annotations: {
            // Those of the chart's own gateway.
            "linkerd.io/inject": "enabled",
            "config.linkerd.io/enable-gateway": "true",
            ...reachAnnotations(gateway),
            "config.linkerd.io/proxy-require-identity-inbound-ports": String(GATEWAY_PORT),
            ...(skipInboundPorts.length > 0 && {
              "config.linkerd.io/skip-inbound-ports": skipInboundPorts.join(","),
            }),
          },
        },
      },
    },
  };
}

/**
 * The policies that close an Emissary's gateway port, and the port of its proxy's metrics and probes, to everybody
 * but its callers. The chart closes the ports of its own gateway; here nobody has. Health probes pass by the probe
 * networks. `selector`: labels of its pods.
 */
export function emissaryPolicies<V extends Values = Plain>(
  { config, callers, networks }: EmissaryGatewayPlan,
  selector: Labels<V>,
): FleetObject<V>[] {
  const metadata = (name: string) => ({ name, namespace: config.namespace });
  const closed = (
    server: string,
    port: "linkerd-proxy" | "linkerd-admin",
    proxyProtocol: "unknown" | "HTTP/1",
  ): FleetObject<V> => ({
    id: port,
    apiVersion: "policy.linkerd.io/v1beta3",
    kind: "Server",
    metadata: metadata(server),
    spec: { podSelector: { matchLabels: selector }, port, proxyProtocol, accessPolicy: "deny" },
  });
  const servers = [
    closed(EMISSARY_SERVERS.gateway, "linkerd-proxy", "unknown"),
    closed(EMISSARY_SERVERS.admin, "linkerd-admin", "HTTP/1"),
  ];
  // Required together: an identity, from one of the networks. Without an identity, nobody is let in.
  if (callers.length === 0) return servers;
  const own = GATEWAY_AUTHENTICATIONS.emissary;
  const required: AuthenticationRef[] = [
    { group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name: own.identities },
    { group: "policy.linkerd.io", kind: "NetworkAuthentication", name: own.networks },
  ];
  return [
    ...servers,
    {
      id: "identities",
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "MeshTLSAuthentication",
      metadata: metadata(own.identities),
      spec: { identities: [...callers] },
    },
    {
      id: "networks",
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "NetworkAuthentication",
      metadata: metadata(own.networks),
      spec: { networks: networks.map((cidr) => ({ cidr })) },
    },
    {
      id: "callers",
      apiVersion: "policy.linkerd.io/v1alpha1",
      kind: "AuthorizationPolicy",
      metadata: metadata("fleet.gateway"),
      spec: {
        targetRef: { group: "policy.linkerd.io", kind: "Server", name: EMISSARY_SERVERS.gateway },
        requiredAuthenticationRefs: required,
      },
    },
  ];
}

/** Emissary's own resources: the Module, Hosts and Mappings that the stack file lists. */
export function emissaryRouting({ config }: EmissaryGatewayPlan): FleetObject<never>[] {
  const { namespace, module, hosts, mappings } = config;
  return [
    ...(module
      ? [
          {
            id: "module",
            apiVersion: "getambassador.io/v3alpha1",
            kind: "Module",
            // Emissary reads one Module, of this name.
            metadata: { name: "ambassador", namespace },
            spec: { config: module },
          } as const,
        ]
      : []),
    ...hosts.map(
      ({ name, hostname, tlsSecret, insecure }): FleetObject<never> => ({
        id: `host-${name}`,
        apiVersion: "getambassador.io/v3alpha1",
        kind: "Host",
        metadata: { name, namespace },
        spec: {
          hostname,
          ...(tlsSecret === undefined ? {} : { tlsSecret: { name: tlsSecret } }),
          requestPolicy: { insecure: { action: insecure } },
        },
      }),
    ),
    ...mappings.map(
      ({ name, ...spec }): FleetObject<never> => ({
        id: `mapping-${name}`,
        apiVersion: "getambassador.io/v3alpha1",
        kind: "Mapping",
        metadata: { name, namespace },
        spec,
      }),
    ),
  ];
}

/**
 * The patches of an Emissary's Service. Its ports are a patch of their own: the provider compares lists by position,
 * and these two stand behind the Service's own, so it would find a difference in every `up`. They are never compared
 * (`ignoreChanges`), and so that patch holds nothing that could change: after a refresh the engine would write the
 * Service's first two ports in their place.
 */
export function emissaryService(gateway: EmissaryGatewayPlan): FleetObject<never>[] {
  const { service: name, namespace } = gateway.config;
  const annotated: FleetObject<never> = {
    id: "gateway",
    apiVersion: "v1",
    kind: "Service",
    patch: true,
    metadata: {
      name,
      namespace,
      annotations: {
        // `linkerd multicluster link-gen` and people read these from a gateway's Service.
        "mirror.linkerd.io/gateway-identity": gateway.identity,
        "mirror.linkerd.io/multicluster-gateway": "true",
        "mirror.linkerd.io/probe-path": "/ready",
        "mirror.linkerd.io/probe-period": "3",
        ...MANAGER,
        // With a fixed address it does not matter what the Service is given.
        ...(gateway.addresses ? { "pulumi.com/skipAwait": "true" } : {}),
      },
    },
  };
  const ports: FleetObject<never> = {
    id: "gateway-ports",
    after: ["gateway"],
    apiVersion: "v1",
    kind: "Service",
    patch: true,
    metadata: {
      name,
      namespace,
      // The other patch waits for the address. Its field manager is in an annotation, of which an object has but one.
      annotations: { "pulumi.com/skipAwait": "true" },
    },
    spec: { ports: [servicePort("mc-gateway", GATEWAY_PORT), servicePort("mc-probe", PROBE_PORT)] },
  };
  return [annotated, ports];
}

function servicePort(name: string, port: number): ServicePort {
  return { name, port, targetPort: port, protocol: "TCP" };
}
