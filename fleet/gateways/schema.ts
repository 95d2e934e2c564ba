import { z } from "zod";
import {
  addresses,
  ipAddress,
  judged,
  matching,
  namespaceName,
  network,
  objectName,
  port,
  serviceName,
  text,
} from "../config/common";
import { hostPatternProblem } from "../config/hosts";
import { GATEWAY_PORT, PROBE_PORT } from "../config/names";
import { gatewayCaller } from "../grants/schema";

const hostPattern = judged(hostPatternProblem).min(1);
const annotations = z
  .record(z.string(), z.string())
  .default({})
  .describe("Annotations of the gateway's Service, for example those of a cloud's load balancer");
const replicas = z
  .int()
  .min(1)
  .max(1000)
  .optional()
  .describe(
    "Gateway pods. Default: 2 where the cluster exports a service through it, else 1; 3 with `linkerd.ha`",
  );

const callers = {
  allowedNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Networks whose traffic the gateway takes. Default: what the chart ships, every network. Once set, it is not " +
        "removed but opened again: [0.0.0.0/0, ::/0]",
    ),
  allowedIdentities: z
    .array(gatewayCaller)
    .min(1)
    .optional()
    .describe(
      "Who may call through the gateway, all of its services. Default: what the chart ships, every meshed pod. Once " +
        'set, it is not removed but opened again: ["*"]',
    ),
};

const reach = z
  .enum(["declared", "any"])
  .default("declared")
  .describe(
    "Which Services of its cluster the gateway forwards to: `declared`, those that `services` lists there with mode " +
      "gateway; `any`: all of them, exported or not",
  );

const loadBalancer = {
  annotations,
  loadBalancerClass: text
    .optional()
    .describe("Which load balancer implementation serves it, if several could"),
  sourceRanges: z
    .array(network)
    .default([])
    .describe(
      "Networks the load balancer lets in, on both ports. Name where the source clusters' traffic comes from; " +
        "default: everywhere",
    ),
};
const reachedAt = {
  port: port.default(GATEWAY_PORT).describe("Port other clusters reach the gateway at, at this address"),
  probePort: port.default(PROBE_PORT).describe("Port other clusters probe its health at, at this address"),
};

/** An existing Emissary-ingress: what is not said is what its own Helm chart makes. */
const emissaryConfig = z
  .strictObject({
    type: z.literal("emissary"),
    namespace: namespaceName.default("emissary").describe("Namespace of the Emissary install"),
    deployment: objectName.default("emissary-ingress").describe("Its Deployment"),
    service: serviceName.default("emissary-ingress").describe("Its public Service"),
    serviceAccount: objectName
      .default("emissary-ingress")
      .describe("What the Deployment runs as: it is the identity that the other clusters require"),
    address: addresses
      .optional()
      .describe("Where the other clusters reach it. Default: the address of its LoadBalancer Service"),
    port: port.optional().describe("Port at `address`. Default: 4143"),
    probePort: port.optional().describe("Health probe port at `address`. Default: 4191"),
    skipInboundPorts: z
      .array(port)
      .default([80, 443])
      .describe("Its public ports, as numbers in its pods: the proxy leaves them alone"),
    allowedNetworks: callers.allowedNetworks.describe(
      "Networks whose traffic the gateway port takes. Default: every network",
    ),
    allowedIdentities: callers.allowedIdentities.describe(
      "Who may call through the gateway, all of its services. Default: the meshed pods of the linked clusters",
    ),
    reach,
    module: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("`config` of Emissary's one Module, `ambassador`. Default: none is made"),
    hosts: z
      .array(
        z.strictObject({
          name: objectName.describe("Name of the Host"),
          hostname: hostPattern.describe("Host name that Emissary answers to"),
          tlsSecret: objectName.optional().describe("Secret with its certificate"),
          insecure: z
            .enum(["Redirect", "Reject", "Route"])
            .default("Redirect")
            .describe("What becomes of plain HTTP"),
        }),
      )
      .default([])
      .describe("Hosts to make beside it"),
    mappings: z
      .array(
        z.strictObject({
          name: objectName.describe("Name of the Mapping"),
          hostname: hostPattern.default("*").describe("Host name it is for"),
          prefix: matching(/^\//, "is not a path", "begin with a slash").describe("Path"),
          service: text.describe(
            "`<service>.<namespace>:<port>`, for example of a federated or mirror service",
          ),
        }),
      )
      .default([])
      .describe("Mappings to make: what the outside may reach through its public ports"),
  })
  .describe(
    "An Emissary-ingress that is already in the cluster carries the links as well (docs/gateways.md)",
  );

export const gatewayConfig = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("loadBalancer"), ...loadBalancer, ...callers, reach, replicas })
    .describe("The address is the one the cluster gives the gateway's LoadBalancer Service"),
  z
    .strictObject({
      type: z.literal("nodePort"),
      address: addresses.describe("Nodes (or a balancer before them) as the other clusters' pods reach them"),
      port: port.describe("Node port of the gateway (usually 30000–32767)"),
      probePort: port.describe("Node port of its health probe"),
      annotations,
      ...callers,
      reach,
      replicas,
    })
    .describe("The gateway's Service is a NodePort, at the given node ports"),
  z
    .strictObject({
      type: z.literal("static"),
      address: addresses.describe("IP addresses or host names, known beforehand"),
      ...reachedAt,
      ...loadBalancer,
      ...callers,
      reach,
      loadBalancerIP: ipAddress.optional().describe("Asks the load balancer for this address"),
      replicas,
    })
    .describe("A LoadBalancer whose address is fixed: no link waits for it, and no change of it goes unseen"),
  emissaryConfig,
  z.strictObject({ type: z.literal("none") }).describe("No gateway: only flat and federated services"),
]);
export type GatewayConfig = z.infer<typeof gatewayConfig>;
export type EmissaryConfig = Extract<GatewayConfig, { type: "emissary" }>;
