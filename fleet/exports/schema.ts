import { z } from "zod";
import { clusterName, FIX, labels, mode, namespaceName, serviceName } from "../config/common";
import { containerPort, grantConfig, httpPath, localConfig } from "../grants/schema";
import {
  failureAccrualConfig,
  loadBiaserConfig,
  retriesConfig,
  timeoutsConfig,
  trafficConfig,
} from "../traffic/schema";

export const serviceConfig = z.strictObject({
  name: serviceName.describe("Name of an existing Service, the same in every exporting cluster"),
  namespace: namespaceName.describe("Namespace of the Service, the same in every cluster"),
  mode: mode.describe(
    "`gateway`: mirrored as `<name>-<cluster>` through the gateway; `flat`: the same, pod to pod; " +
      "`federated`: one `<name>-federated` over all members, pod to pod",
  ),
  in: z.array(clusterName).min(1).describe("Clusters that export the service"),
  to: z
    .array(clusterName)
    .min(1)
    .optional()
    .describe(
      "The only clusters that see the service. A cluster that joins later does not see it. Default: every cluster " +
        "that is linked to one of `in`",
    ),
  headless: z
    .boolean()
    .default(false)
    .describe(
      "Whether the Service has no cluster IP. Mode gateway mirrors its named pods one by one, mode flat as one " +
        "Service",
    ),
  ports: z
    .array(containerPort)
    .min(1)
    .describe(
      "Container ports behind the Service, by number or name. Each is closed to every caller that no grant names",
    ),
  pods: labels
    .refine(
      (pods) => Object.keys(pods).length > 0,
      `names no label, so it would select every pod of the namespace${FIX}write labels that only the pods of the Service have, or leave it out for the selector of the Service`,
    )
    .meta({ minProperties: 1 })
    .optional()
    .describe("Labels of the pods. Default: the selector of the Service"),
  protocol: z
    .enum(["unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"])
    .default("unknown")
    .describe("Protocol at the ports. Proxies detect `unknown`. Set `opaque` for a port that was opaque"),
  allow: z
    .array(grantConfig)
    .default([])
    .describe("Callers of other clusters (flat and federated). Default: nobody"),
  probes: z
    .array(httpPath)
    .optional()
    .describe(
      "Paths of the HTTP probes of the pods at these ports. Required if grants have `routes`, because Linkerd lets " +
        "probes in by itself only without routes. `[]`: the ports have no probes",
    ),
  allowGateway: z
    .boolean()
    .default(false)
    .describe(
      "Lets in everybody whom the gateway lets in (mode gateway, where the pods see no other identity)",
    ),
  allowAnyMeshed: z.boolean().default(false).describe("Lets in every meshed pod of every cluster"),
  failureAccrual: failureAccrualConfig
    .optional()
    .describe(
      "Makes callers leave out endpoints that fail, such as those of a failing cluster. `{}` uses Linkerd's defaults. " +
        "Default: `{}` for new federated services of one stack and for services that prefer the local one, else none",
    ),
  loadBiaser: loadBiaserConfig
    .optional()
    .describe(
      "Makes callers prefer endpoints that do not fail or limit requests (experimental in Linkerd, since " +
        "edge-26.6.2 and 2.20). `{}` uses Linkerd's defaults",
    ),
  timeouts: timeoutsConfig
    .optional()
    .describe("Limits on how long callers wait, for example `500ms`, `5s` or `1m`"),
  retries: retriesConfig
    .optional()
    .describe(
      "Makes callers send failed requests again. Use it only for requests that may arrive twice. `{}`: once, after " +
        "5xx",
    ),
  traffic: trafficConfig
    .default([])
    .describe(
      "Division of HTTP and gRPC requests of the exporting clusters' own callers to `<name>` between the Service " +
        "and its mirror services (gateway and flat): one entry, or a list with one for each port. Default: they stay " +
        "in their cluster",
    ),
  enforce: z
    .enum(["deny", "audit"])
    .default("deny")
    .describe(
      "Fate of a call that no grant covers. `deny`: it is refused. `audit`: it is let in, logged and counted, " +
        "so that **everybody** may call",
    ),
  local: localConfig
    .default("keep")
    .describe(
      "Callers of the exporting cluster itself. `keep`: those who could call before, from its pod networks; " +
        "`meshed`: its meshed pods; `none`: nobody; or the named ones",
    ),
});
export type ServiceConfig = z.infer<typeof serviceConfig>;
