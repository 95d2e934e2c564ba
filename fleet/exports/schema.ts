import { z } from "zod";
import { clusterName, mode, namespaceName, serviceName } from "../config/common";
import { containerPort, grantConfig, httpPath, localConfig } from "../grants/schema";
import { failureAccrualConfig, retriesConfig, timeoutsConfig, trafficConfig } from "../traffic/schema";

export const serviceConfig = z.strictObject({
  name: serviceName.describe("Name of an existing Service, the same in every exporting cluster"),
  namespace: namespaceName.describe("Its namespace, the same in every cluster"),
  mode: mode.describe(
    "`gateway`: mirrored as `<name>-<cluster>` through the gateway; `flat`: the same, pod to pod; " +
      "`federated`: one `<name>-federated` over all members, pod to pod",
  ),
  in: z.array(clusterName).min(1).describe("The clusters that export it"),
  headless: z
    .boolean()
    .default(false)
    .describe(
      "The Service has no cluster IP. Mode gateway mirrors its named pods one by one, mode flat as one Service",
    ),
  ports: z
    .array(containerPort)
    .min(1)
    .describe("The container ports behind it, by number or name: each is closed to whom no grant names"),
  pods: z
    .record(z.string(), z.string())
    .optional()
    .describe("Labels of its pods. Default: the selector of the Service"),
  protocol: z
    .enum(["unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"])
    .default("unknown")
    .describe("What is spoken at the ports; `unknown` is detected. A port that was opaque must say so here"),
  allow: z
    .array(grantConfig)
    .default([])
    .describe("Who of the other clusters may call (flat and federated). Default: nobody"),
  probes: z
    .array(httpPath)
    .optional()
    .describe(
      "Paths of the HTTP probes of its pods at these ports. Needed where grants have `routes`: Linkerd lets probes in " +
        "by itself only where there are none. `[]`: no probes there",
    ),
  allowGateway: z
    .boolean()
    .default(false)
    .describe("Whoever the gateway lets in may call (mode gateway, where the pods see no other identity)"),
  allowAnyMeshed: z.boolean().default(false).describe("Every meshed pod of every cluster may call"),
  failureAccrual: failureAccrualConfig
    .optional()
    .describe(
      "Callers leave out endpoints that fail, such as those of a failing cluster; `{}` takes the defaults",
    ),
  timeouts: timeoutsConfig.optional().describe("How long callers wait"),
  retries: retriesConfig
    .optional()
    .describe(
      "Callers send failed requests again. Only for services where twice does no harm; `{}`: once, after 5xx",
    ),
  traffic: z
    .array(trafficConfig)
    .default([])
    .describe(
      "How HTTP and gRPC requests of the exporting clusters' own callers to `<name>` are divided between the Service " +
        "and its mirrors (gateway and flat). Default: they stay in their cluster",
    ),
  local: localConfig
    .default("keep")
    .describe(
      "Who of the exporting cluster itself may call. `keep`: who could before, from its pod networks; " +
        "`meshed`: its meshed pods; `none`; or the named ones",
    ),
});
export type ServiceConfig = z.infer<typeof serviceConfig>;
