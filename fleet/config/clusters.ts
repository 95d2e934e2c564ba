import { z } from "zod";
import {
  address,
  addresses,
  certificatePem,
  domainName,
  matching,
  network,
  port,
  secretRef,
  text,
} from "./common";
import { linkerdOverrides } from "./linkerd";
import { meshIdentity } from "./services";

const annotations = z
  .record(z.string(), z.string())
  .default({})
  .describe("Annotations of the gateway's Service, for example those of a cloud's load balancer");
const replicas = z.int().min(1).optional().describe("Gateway pods. Default: 1, or 3 with `linkerd.ha`");

const callers = {
  allowedNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe("Networks whose traffic the gateway takes. Default: what the chart ships, every network"),
  allowedIdentities: z
    .array(meshIdentity)
    .min(1)
    .optional()
    .describe(
      "Who may call through the gateway, all of its services. Default: what the chart ships, every meshed pod",
    ),
};

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
const gatewayPorts = {
  port: port.default(4143).describe("Port other clusters reach the gateway at"),
  probePort: port.default(4191).describe("Port other clusters probe its health at"),
};

export const gatewayConfig = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("loadBalancer"), ...gatewayPorts, ...loadBalancer, ...callers, replicas })
    .describe("The address is the one the cluster gives the gateway's LoadBalancer Service"),
  z
    .strictObject({
      type: z.literal("nodePort"),
      address: addresses.describe("Nodes (or a balancer before them) as the other clusters' pods reach them"),
      port: port.describe("Node port of the gateway (usually 30000–32767)"),
      probePort: port.describe("Node port of its health probe"),
      annotations,
      ...callers,
      replicas,
    })
    .describe("The gateway's Service is a NodePort, at the given node ports"),
  z
    .strictObject({
      type: z.literal("static"),
      address: addresses.describe("IP addresses or host names, known beforehand"),
      ...gatewayPorts,
      ...loadBalancer,
      ...callers,
      loadBalancerIP: address.optional().describe("Asks the load balancer for this address"),
      replicas,
    })
    .describe("A LoadBalancer whose address is fixed: no link waits for it, and no change of it goes unseen"),
  z.strictObject({ type: z.literal("none") }).describe("No gateway: only flat and federated services"),
]);
export type GatewayConfig = z.infer<typeof gatewayConfig>;

export const clusterConfig = z.strictObject({
  context: text
    .optional()
    .describe("Context in the kubeconfig. Default, only with `kubeconfig`: its current context"),
  kubeconfig: secretRef
    .optional()
    .describe("Secret that holds the kubeconfig `pulumi` uses. Default: KUBECONFIG of whoever runs it"),
  apiServer: matching(
    /^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    "is not the https:// URL of an API server",
    "write scheme, host and port, for example https://api.eu.example.com:6443",
  ).describe("API server as the pods of the *other* clusters reach it"),
  ca: certificatePem
    .optional()
    .describe(
      "Certificate authority of `apiServer`. Default: the cluster's own (`ca.crt` of its service accounts)",
    ),
  region: text.optional().describe("For `topology.kind: islands`, pictures and reports"),
  network: text
    .optional()
    .describe("Clusters that name the same network route pod to pod, which flat and federated services need"),
  podNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Where this cluster's own callers of its exported services come from: its pods, and its nodes if they call. " +
        "Required for a flat or federated service on a shared network. Default: all private networks",
    ),
  clusterDomain: domainName.default("cluster.local").describe("DNS domain of the cluster's services"),
  trustDomain: domainName.optional().describe("Trust domain of this cluster. Default: `trust.domain`"),
  gateway: gatewayConfig
    .prefault({ type: "loadBalancer" })
    .describe("Where the other clusters' `gateway` traffic comes in"),
  state: z
    .enum(["active", "draining"])
    .default("active")
    .describe("`draining`: nothing crosses from or to it any more; the step before a cluster is removed"),
  wave: z.int().min(0).default(0).describe("Upgrade wave, lowest first"),
  linkerd: linkerdOverrides.prefault({}).describe("What this cluster does differently from `linkerd`"),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;
