import { z } from "zod";
import { address, addresses, certificatePem, domainName, nodePort, port, secretRef } from "./common";
import { linkerdOverrides } from "./linkerd";

/** What the gateway's Service may carry, whatever its type. */
const serviceSettings = {
  annotations: z
    .record(z.string(), z.string())
    .default({})
    .describe("Annotations of the gateway's Service, for example those of a cloud's load balancer"),
  loadBalancerClass: z.string().min(1, "is empty").optional(),
  sourceRanges: z
    .array(z.string().regex(/^[0-9a-fA-F.:]+\/\d+$/, "is not a network such as 10.0.0.0/8"))
    .default([])
    .describe("Networks the load balancer lets in. They must include the source clusters, on both ports"),
};
const replicas = z
  .int("is not a whole number")
  .min(1, "is not positive")
  .optional()
  .describe("Gateway pods. Default: 1, or 3 with `ha`");
const gatewayPorts = {
  port: port.default(4143).describe("Port other clusters reach the gateway at (chart default 4143)"),
  probePort: port.default(4191).describe("Port its liveness is probed at (chart default 4191)"),
};

export const gatewayConfig = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("loadBalancer"), ...gatewayPorts, ...serviceSettings, replicas })
    .describe("The address is the one the cluster gives the gateway's LoadBalancer Service"),
  z
    .strictObject({
      type: z.literal("nodePort"),
      address: addresses.describe("Nodes (or a balancer before them) as the other clusters' pods reach them"),
      port: nodePort,
      probePort: nodePort,
      annotations: serviceSettings.annotations,
      replicas,
    })
    .describe("The gateway's Service is a NodePort, at the given node ports"),
  z
    .strictObject({
      type: z.literal("static"),
      address: addresses.describe("IP addresses or host names, known beforehand"),
      ...gatewayPorts,
      ...serviceSettings,
      loadBalancerIP: address.optional().describe("Asks the load balancer for this address"),
      replicas,
    })
    .describe("A LoadBalancer whose address is fixed: no link waits for it, and no change of it goes unseen"),
  z.strictObject({ type: z.literal("none") }).describe("No gateway: only flat and federated services"),
]);
export type GatewayConfig = z.infer<typeof gatewayConfig>;

export const clusterConfig = z.strictObject({
  context: z
    .string()
    .min(1, "is empty")
    .optional()
    .describe("Context in the kubeconfig. With `kubeconfig`, default: its current context"),
  kubeconfig: secretRef
    .optional()
    .describe("Secret that holds the kubeconfig `pulumi` uses. Default: KUBECONFIG of whoever runs it"),
  apiServer: z
    .string()
    .regex(/^https:\/\/[^\s/?#]+(:\d+)?(\/[^\s?#]*)?$/, "is not an https:// URL")
    .describe("API server as the pods of the *other* clusters reach it"),
  ca: certificatePem
    .optional()
    .describe(
      "Certificate authority of `apiServer`. Default: the cluster's own (`ca.crt` of its service accounts)",
    ),
  region: z.string().min(1, "is empty").optional().describe("For `islands`, pictures and reports"),
  network: z
    .string()
    .min(1, "is empty")
    .optional()
    .describe("Clusters that name the same network route pod to pod, which flat and federated services need"),
  clusterDomain: domainName.default("cluster.local").describe("DNS domain of the cluster's services"),
  trustDomain: domainName.optional().describe("Trust domain of this cluster. Default: `trust.domain`"),
  gateway: gatewayConfig.prefault({ type: "loadBalancer" }),
  wave: z
    .int("is not a whole number")
    .min(0, "is negative")
    .default(0)
    .describe("Upgrade wave, lowest first"),
  linkerd: linkerdOverrides.prefault({}).describe("What this cluster does differently"),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;
