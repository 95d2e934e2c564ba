import { z } from "zod";
import {
  clusterName,
  DNS_NAME,
  domainName,
  matching,
  mode,
  namespaceName,
  port,
  serviceName,
} from "../config/common";
import { failureAccrualConfig, retriesConfig, timeoutsConfig, trafficConfig } from "../traffic/schema";

const portName = matching(
  /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/,
  "is not the name of a container port",
  "use lower-case letters, digits and single dashes, as in the pod's `ports`",
).max(15);

const containerPort = z.union([port, portName]).describe("the number or the name of a container port");
export type ContainerPort = z.infer<typeof containerPort>;

export const serviceAccount = matching(
  DNS_NAME,
  "is not the name of a ServiceAccount",
  "use lower-case letters, digits, dashes and dots",
).max(253);

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const IDENTITY = `(\\*|${label}(\\.${label})*)\\.${label}\\.serviceaccount\\.identity\\.${label}\\.${label}(\\.${label})*`;
const NO_IDENTITY = "is no identity that a meshed pod can have";
const WRITE_IDENTITY =
  "write <service account>.<namespace>.serviceaccount.identity.<control-plane namespace>.<trust domain>, or * " +
  "for the service account";
/** What a proxy's certificate can say, with `*` for all ServiceAccounts of one namespace (linkerd2 `identity_match.rs`). */
const meshIdentity = matching(new RegExp(`^${IDENTITY}$`), NO_IDENTITY, WRITE_IDENTITY).max(253);

/** Who may call through a gateway: also everybody, which is what the chart ships. */
export const gatewayCaller = matching(
  new RegExp(`^(\\*|${IDENTITY})$`),
  NO_IDENTITY,
  `${WRITE_IDENTITY}, or * alone for every meshed pod`,
).max(253);

const who = {
  namespace: namespaceName.optional().describe("Namespace of the callers"),
  serviceAccount: serviceAccount
    .optional()
    .describe("Their ServiceAccount. Default: all ServiceAccounts of the namespace"),
};

/** As the Gateway API has it (`HTTPPathMatch`), but for `*`, which would be taken for what it is not. */
const httpPath = matching(
  /^(?!.*(\/\/|%2[fF]|\/\.{1,2}(\/|$)))\/(?:[-A-Za-z0-9/._~!$&'()+,;=:@]|%[0-9a-fA-F]{2})*$/,
  "is not the path of a request",
  "write it as it is sent, from the first / to before any ? or #, without *, empty segments, . and ..",
).max(1024);

/** An `HTTPRouteMatch` of the Gateway API, as far as grants have it. */
export const httpMatch = z.strictObject({
  path: z
    .strictObject({
      type: z
        .enum(["PathPrefix", "Exact"])
        .default("PathPrefix")
        .describe("`PathPrefix`: this path and all below it, by whole segments; `Exact`: this path alone"),
      value: httpPath.describe("The path"),
    })
    .default({ type: "PathPrefix", value: "/" })
    .describe("Default: every path"),
  method: z
    .enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])
    .optional()
    .describe("Default: every method"),
});
export type HttpMatch = z.infer<typeof httpMatch>;

const grantConfig = z.strictObject({
  ...who,
  cluster: clusterName
    .optional()
    .describe("Their cluster, which must have a trust domain of its own. Default: every linked cluster"),
  trustDomain: domainName.optional().describe("Their trust domain, instead of a cluster"),
  identity: meshIdentity
    .optional()
    .describe("The whole identity, instead of the settings above; also of callers outside of this fleet"),
  ports: z.array(containerPort).min(1).optional().describe("Which ports. Default: all of the service"),
  routes: z
    .array(httpMatch)
    .min(1)
    .optional()
    .describe("Which HTTP requests, each a match of an HTTPRoute. Default: everything sent to the ports"),
});
export type GrantConfig = z.infer<typeof grantConfig>;

const localConfig = z
  .union([z.enum(["keep", "meshed", "none"]), z.array(z.strictObject(who)).min(1)])
  .describe("keep, meshed, none, or a list of { namespace, serviceAccount }");

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
