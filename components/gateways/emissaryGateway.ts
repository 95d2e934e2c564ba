import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { GATEWAY_PORT, PROBE_PORT } from "../../fleet/config/names";
import {
  EMISSARY_SERVERS,
  type EmissaryGatewayPlan,
  GATEWAY_AUTHENTICATIONS,
  unlikeAccount,
} from "../../fleet/gateways/plan";
import type { AuthenticationRef } from "../../fleet/grants/policyObjects";
import {
  AuthorizationPolicy,
  MeshTLSAuthentication,
  NetworkAuthentication,
  Server,
} from "../grants/policyResources";
import { Host, Mapping, Module } from "./emissaryResources";

export interface EmissaryGatewayArgs {
  readonly cluster: string;
  readonly gateway: EmissaryGatewayPlan;
  /** Its release: pods created before its injector runs would have no proxy, and it brings the policy CRDs. */
  readonly controlPlane: pulumi.Resource;
}

/** A manager of its own: Emissary's Service may also be an exported service, which is patched in another's name. */
const MANAGER = { "pulumi.com/patchFieldManager": "linkerd-fleet-gateway" };

/**
 * Makes an Emissary-ingress that somebody else owns carry the links as well. Its proxy does it, Envoy sees nothing of
 * it. Patched onto its Deployment, and by the multicluster extension onto its Service, is only what the chart's own
 * gateway has, and it is taken back on removal, in this order: the ports first, then the policies, then the annotations
 * of the pods.
 */
export class EmissaryGateway extends pulumi.ComponentResource {
  /** They close its ports: only then may its Service show them. */
  readonly policies: readonly pulumi.Resource[];

  constructor(name: string, args: EmissaryGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    const { gateway, cluster } = args;
    const { config } = gateway;
    super("linkerd-fleet:gateway:EmissaryGateway", name, { ...gateway }, opts);
    const child = { parent: this };
    const { namespace } = config;

    const deployment = new kubernetes.apps.v1.DeploymentPatch(
      `${name}-deployment`,
      {
        metadata: { name: config.deployment, namespace, annotations: MANAGER },
        spec: { template: { metadata: { annotations: podAnnotations(config.skipInboundPorts) } } },
      },
      { ...child, dependsOn: [args.controlPlane] },
    );
    // In a first preview the outputs are the inputs; the status, which is none of them, is not known until there is more.
    const selector = pulumi.all([deployment.spec, deployment.status]).apply(([spec]) => {
      const wrong = unlikeAccount(cluster, config, spec?.template?.spec?.serviceAccountName);
      if (wrong !== undefined) throw new pulumi.RunError(wrong);
      return spec?.selector?.matchLabels ?? {};
    });
    this.policies = this.authorize(name, gateway, selector, [args.controlPlane]);

    if (config.module) {
      // Emissary reads one Module, of this name.
      new Module(
        `${name}-module`,
        { metadata: { name: "ambassador", namespace }, spec: { config: config.module } },
        child,
      );
    }
    for (const host of config.hosts) {
      const { hostname, tlsSecret, insecure } = host;
      new Host(
        `${name}-host-${host.name}`,
        {
          metadata: { name: host.name, namespace },
          spec: {
            hostname,
            ...(tlsSecret === undefined ? {} : { tlsSecret: { name: tlsSecret } }),
            requestPolicy: { insecure: { action: insecure } },
          },
        },
        child,
      );
    }
    for (const { name: mapping, ...spec } of config.mappings) {
      new Mapping(`${name}-mapping-${mapping}`, { metadata: { name: mapping, namespace }, spec }, child);
    }
    this.registerOutputs({});
  }

  /** The chart closes its gateway's ports itself; here nobody has. Health probes pass by the probe networks. */
  private authorize(
    name: string,
    { config, callers, networks }: EmissaryGatewayPlan,
    selector: pulumi.Output<Record<string, string>>,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource[] {
    const child = { parent: this, dependsOn };
    const metadata = (of: string) => ({ name: of, namespace: config.namespace });
    const servers = [
      { server: EMISSARY_SERVERS.gateway, port: "linkerd-proxy", proxyProtocol: "unknown" },
      { server: EMISSARY_SERVERS.admin, port: "linkerd-admin", proxyProtocol: "HTTP/1" },
    ] as const;
    const closed = servers.map(
      ({ server, port, proxyProtocol }) =>
        new Server(
          `${name}-${port}`,
          {
            metadata: metadata(server),
            spec: { podSelector: { matchLabels: selector }, port, proxyProtocol, accessPolicy: "deny" },
          },
          child,
        ),
    );
    // Required together: an identity, from one of the networks. Without an identity, nobody is let in.
    if (callers.length === 0) return closed;
    const own = GATEWAY_AUTHENTICATIONS.emissary;
    const required: readonly AuthenticationRef[] = [
      { group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name: own.identities },
      { group: "policy.linkerd.io", kind: "NetworkAuthentication", name: own.networks },
    ];
    return [
      ...closed,
      new MeshTLSAuthentication(
        `${name}-identities`,
        { metadata: metadata(own.identities), spec: { identities: [...callers] } },
        child,
      ),
      new NetworkAuthentication(
        `${name}-networks`,
        { metadata: metadata(own.networks), spec: { networks: networks.map((cidr) => ({ cidr })) } },
        child,
      ),
      new AuthorizationPolicy(
        `${name}-callers`,
        {
          metadata: metadata("fleet.gateway"),
          spec: {
            targetRef: { group: "policy.linkerd.io", kind: "Server", name: EMISSARY_SERVERS.gateway },
            requiredAuthenticationRefs: [...required],
          },
        },
        child,
      ),
    ];
  }
}

/** What its Service gets. */
export function emissaryService(gateway: EmissaryGatewayPlan): kubernetes.core.v1.ServicePatchArgs {
  const { service: name, namespace } = gateway.config;
  return {
    metadata: {
      name,
      namespace,
      annotations: {
        // What `linkerd multicluster link-gen` and people read of a gateway's Service.
        "mirror.linkerd.io/gateway-identity": gateway.identity,
        "mirror.linkerd.io/multicluster-gateway": "true",
        "mirror.linkerd.io/probe-path": "/ready",
        "mirror.linkerd.io/probe-period": "3",
        ...MANAGER,
        // With a fixed address it does not matter what the Service is given.
        ...(gateway.addresses ? { "pulumi.com/skipAwait": "true" } : {}),
      },
    },
    spec: { ports: [servicePort("mc-gateway", GATEWAY_PORT), servicePort("mc-probe", PROBE_PORT)] },
  };
}

/** Those of the chart's own gateway; and its public ports are left to Emissary. */
function podAnnotations(skipInboundPorts: readonly number[]): Record<string, string> {
  return {
    "linkerd.io/inject": "enabled",
    "config.linkerd.io/enable-gateway": "true",
    "config.linkerd.io/proxy-require-identity-inbound-ports": String(GATEWAY_PORT),
    ...(skipInboundPorts.length > 0 && {
      "config.linkerd.io/skip-inbound-ports": skipInboundPorts.join(","),
    }),
  };
}

function servicePort(name: string, port: number) {
  return { name, port, targetPort: port, protocol: "TCP" };
}
