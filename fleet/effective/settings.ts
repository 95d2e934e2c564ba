import { z } from "zod";
import type { MeshSettings } from "./cluster";

/** The deciding values of the chart linkerd-control-plane, as it writes them into the ConfigMap `linkerd-config`. */
const values = z.object({
  clusterDomain: z.string().default("cluster.local"),
  identityTrustDomain: z.string().nullish(),
  clusterNetworks: z.string().default("10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8"),
  proxy: z.object({ defaultInboundPolicy: z.string().default("all-unauthenticated") }).prefault({}),
  proxyInit: z
    .object({ ignoreInboundPorts: z.union([z.string(), z.number()]).nullable().default("4567,4568") })
    .prefault({}),
  policyController: z
    .object({ probeNetworks: z.array(z.string()).default(["0.0.0.0/0", "::/0"]) })
    .prefault({}),
});

/** Throws a `ZodError` where they are not those of the chart. */
export function meshSettings(controlPlaneNamespace: string, from: unknown): MeshSettings {
  const { clusterDomain, identityTrustDomain, clusterNetworks, proxy, proxyInit, policyController } =
    values.parse(from);
  return {
    controlPlaneNamespace,
    clusterDomain,
    trustDomain: identityTrustDomain || clusterDomain,
    clusterNetworks: clusterNetworks.split(",").map((network) => network.trim()),
    defaultInboundPolicy: proxy.defaultInboundPolicy,
    probeNetworks: policyController.probeNetworks,
    skipInboundPorts: String(proxyInit.ignoreInboundPorts ?? ""),
  };
}
