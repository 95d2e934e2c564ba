import { z } from "zod";
import { clusterName, DNS_NAME, domainName, judged, matching, namespaceName, port } from "../config/common";

const portName = judged((text) => {
  if (/^\d+$/.test(text)) return ["is text, not a number", "write the number without quotes"];
  if (/^\d+\s*[-:]\s*\d+$/.test(text)) return ["is a range of ports", "list each port"];
  return /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(text)
    ? undefined
    : [
        "is not the name of a container port",
        "use lower-case letters, digits and single dashes, as in the pod's `ports`",
      ];
}, "^[a-z0-9]+(-[a-z0-9]+)*$").max(15);

export const containerPort = z.union([port, portName]).describe("the number or the name of a container port");
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
/**
 * The identity in a proxy's certificate, with `*` for all ServiceAccounts of one namespace (linkerd2
 * `identity_match.rs`).
 */
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
    .describe("ServiceAccount of the callers. Default: all ServiceAccounts of the namespace"),
};

/** As the Gateway API has it (`HTTPPathMatch`), but for `*`, which would be taken for what it is not. */
export const httpPath = matching(
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
        .describe(
          "`PathPrefix`: this path and everything below it, by whole segments; `Exact`: only this path",
        ),
      value: httpPath.describe("Path of the requests"),
    })
    .default({ type: "PathPrefix", value: "/" })
    .describe("Paths of the requests. Default: every path"),
  method: z
    .enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])
    .optional()
    .describe("Method of the requests. Default: every method"),
});
export type HttpMatch = z.infer<typeof httpMatch>;

export const grantConfig = z.strictObject({
  ...who,
  cluster: clusterName
    .optional()
    .describe(
      "Cluster of the callers, which must have a trust domain of its own. Default: every linked cluster",
    ),
  trustDomain: domainName.optional().describe("Trust domain of the callers, instead of a cluster"),
  identity: meshIdentity
    .optional()
    .describe(
      "Whole identity of the caller, instead of the settings above. The caller may be outside of this fleet",
    ),
  ports: z
    .array(containerPort)
    .min(1)
    .optional()
    .describe("Ports of the grant. Default: all ports of the service"),
  routes: z
    .array(httpMatch)
    .min(1)
    .optional()
    .describe(
      "HTTP requests of the grant, each a match of an HTTPRoute. Default: everything sent to the ports",
    ),
});
export type GrantConfig = z.infer<typeof grantConfig>;

const localCaller = z.strictObject(who);
export type LocalCaller = z.infer<typeof localCaller>;

export const localConfig = z
  .union([z.enum(["keep", "meshed", "none"]), z.array(localCaller).min(1)])
  .describe("keep, meshed, none, or a list of { namespace, serviceAccount }");
