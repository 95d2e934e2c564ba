import { z } from "zod";
import {
  addresses,
  ipAddress,
  judged,
  loadBalancerClass,
  matching,
  namespaceName,
  network,
  annotations as objectAnnotations,
  objectName,
  port,
  serviceName,
} from "../config/common";
import { hostPatternProblem } from "../config/hosts";
import { GATEWAY_PORT, PROBE_PORT } from "../config/names";
import { gatewayCaller } from "../grants/schema";

const hostPattern = judged(hostPatternProblem).min(1);
const annotations = objectAnnotations
  .default({})
  .describe("Annotations of the gateway's Service, for example those of a cloud's load balancer");
const replicas = z
  .int()
  .min(1)
  .max(1000)
  .optional()
  .describe(
    "Number of gateway pods. Default: 2 if the cluster exports a service through the gateway, else 1; 3 with " +
      "`linkerd.ha`",
  );

const callers = {
  allowedNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Networks from which the gateway accepts traffic. Default: the chart's own, every network. If you remove the " +
        "setting, its last value stays. To open the gateway again, write [0.0.0.0/0, ::/0]",
    ),
  allowedIdentities: z
    .array(gatewayCaller)
    .min(1)
    .optional()
    .describe(
      "Identities that may call through the gateway, for all of its services. Default: the chart's own, every meshed " +
        'pod. If you remove the setting, its last value stays. To open the gateway again, write ["*"]',
    ),
};

const reach = z
  .enum(["declared", "any"])
  .default("declared")
  .describe(
    "Services of its cluster to which the gateway forwards. `declared`: those that `services` lists for the " +
      "cluster with mode gateway; `any`: all Services, exported or not",
  );

const egressNetworks = z
  .array(network)
  .min(1)
  .optional()
  .describe(
    "Networks that the gateway's pods may connect to: those of the pods that serve its services. A NetworkPolicy " +
      "refuses all else but the control plane and the cluster's DNS in `kube-system`. Include a node-local DNS. " +
      "Default: no NetworkPolicy, every network",
  );

const loadBalancer = {
  annotations,
  loadBalancerClass: loadBalancerClass
    .optional()
    .describe("Load balancer implementation that serves the Service, if there are several"),
  sourceRanges: z
    .array(network)
    .default([])
    .describe(
      "Networks that the load balancer lets in, on both ports. Include those of the source clusters' traffic. " +
        "Default: all networks",
    ),
};
const reachedAt = {
  port: port.default(GATEWAY_PORT).describe("Port of this address at which other clusters reach the gateway"),
  probePort: port
    .default(PROBE_PORT)
    .describe("Port of this address at which other clusters probe the gateway"),
};

/** An existing Emissary-ingress: what is not said is what its own Helm chart makes. */
const emissaryConfig = z
  .strictObject({
    type: z.literal("emissary"),
    namespace: namespaceName.default("emissary").describe("Namespace of the Emissary installation"),
    deployment: objectName.default("emissary-ingress").describe("Deployment of Emissary"),
    service: serviceName.default("emissary-ingress").describe("Public Service of Emissary"),
    serviceAccount: objectName
      .default("emissary-ingress")
      .describe("ServiceAccount of the Deployment. It is the identity that the other clusters require"),
    address: addresses
      .optional()
      .describe(
        "Address at which the other clusters reach Emissary. Default: the address of its LoadBalancer Service",
      ),
    port: port.optional().describe("Port at `address`. Default: 4143"),
    probePort: port.optional().describe("Port of the health probe at `address`. Default: 4191"),
    skipInboundPorts: z
      .array(port)
      .default([8080, 8443])
      .describe("Public ports of Emissary, as numbers in its pods. The proxy leaves them alone"),
    allowedNetworks: callers.allowedNetworks.describe(
      "Networks from which the gateway port accepts traffic. Default: every network",
    ),
    allowedIdentities: callers.allowedIdentities.describe(
      "Identities that may call through the gateway, for all of its services. Default: the meshed pods of the " +
        "linked clusters",
    ),
    reach,
    module: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("`config` of Emissary's one Module, `ambassador`. Default: no Module is created"),
    hosts: z
      .array(
        z.strictObject({
          name: objectName.describe("Name of the Host"),
          hostname: hostPattern.describe("Host name that Emissary answers to"),
          tlsSecret: objectName.optional().describe("Secret with the certificate"),
          insecure: z
            .enum(["Redirect", "Reject", "Route"])
            .default("Redirect")
            .describe("Treatment of plain HTTP"),
        }),
      )
      .default([])
      .describe("Hosts to create"),
    mappings: z
      .array(
        z.strictObject({
          name: objectName.describe("Name of the Mapping"),
          hostname: hostPattern.default("*").describe("Host name of the requests"),
          prefix: matching(/^\//, "is not a path", "begin with a slash").describe("Prefix of the path"),
          service: matching(/^\S+$/, "is empty or holds white space", "remove it").describe(
            "`<service>.<namespace>:<port>`, for example of a federated or mirror service",
          ),
        }),
      )
      .default([])
      .describe(
        "Mappings to create. They say what callers outside the mesh may reach through the public ports",
      ),
  })
  .describe(
    "an Emissary-ingress that already runs in the cluster carries the links as well (docs/gateways.md)",
  );

export const gatewayConfig = z.discriminatedUnion("type", [
  z
    .strictObject({
      type: z.literal("loadBalancer"),
      ...loadBalancer,
      ...callers,
      reach,
      egressNetworks,
      replicas,
    })
    .describe("the cluster gives the gateway's LoadBalancer Service its address"),
  z
    .strictObject({
      type: z.literal("nodePort"),
      address: addresses.describe(
        "Nodes (or a balancer in front of them), as the other clusters' pods reach them",
      ),
      port: port.describe("Node port of the gateway (usually 30000–32767)"),
      probePort: port.describe("Node port of the health probe"),
      annotations,
      ...callers,
      reach,
      egressNetworks,
      replicas,
    })
    .describe("the gateway's Service is a NodePort, at the given node ports"),
  z
    .strictObject({
      type: z.literal("static"),
      address: addresses.describe("IP addresses or host names that are known beforehand"),
      ...reachedAt,
      ...loadBalancer,
      ...callers,
      reach,
      egressNetworks,
      loadBalancerIP: ipAddress.optional().describe("Address to request from the load balancer"),
      replicas,
    })
    .describe(
      "a LoadBalancer with an address that you know: links do not wait for it, and it does not change",
    ),
  emissaryConfig,
  z.strictObject({ type: z.literal("none") }).describe("no gateway, only flat and federated services"),
]);
export type GatewayConfig = z.infer<typeof gatewayConfig>;
export type EmissaryConfig = Extract<GatewayConfig, { type: "emissary" }>;
