import { z } from "zod";
import {
  clusterName,
  DNS_NAME,
  domainName,
  matching,
  namespaceName,
  objectName,
  secretRef,
  stackName,
} from "../config/common";
import { certificatePem } from "./pem";

/** A Go duration, in whole hours: more overflow, and the certificate would end in 1857. */
const MOST_HOURS = 2_562_047;

/** How many lifetimes of its certificates the webhooks' authority lives: ten years by default. */
export const AUTHORITY_LIFETIMES = 10;

export const anchorConfig = z.strictObject({
  id: matching(
    /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/,
    "is not the id of an anchor",
    'use letters, digits and dashes, for example "2026"',
  )
    .max(40)
    .describe("Permanent name of this anchor. It is part of resource names. Never use it for another anchor"),
  state: z
    .enum(["active", "staged", "retiring"])
    .describe(
      "`active`: trusted, and signs the issuers (exactly one anchor); `staged`: trusted, and does not sign yet; " +
        "`retiring`: trusted, and no longer signs",
    ),
  certificate: certificatePem
    .optional()
    .describe("Existing trust anchor in PEM. Default: the program generates one and keeps it"),
  privateKey: secretRef
    .optional()
    .describe("Private key of `certificate`. Required while the anchor is `active`"),
  clusterIssuer: matching(
    DNS_NAME,
    "is not the name of a ClusterIssuer",
    "use lower-case letters, digits, dashes and dots",
  )
    .max(253)
    .optional()
    .describe(
      "With `provider: cert-manager`: the ClusterIssuer that has the key of `certificate`, in every cluster. " +
        "Required while the anchor is `active`",
    ),
  lifetimeHours: z
    .int()
    .min(24)
    .max(MOST_HOURS)
    .default(87_600)
    .describe(
      "Lifetime of a generated anchor, in hours. The default is ten years. It never renews by itself",
    ),
});
export type AnchorConfig = z.infer<typeof anchorConfig>;

const restartedWorkload = z.strictObject({
  namespace: namespaceName.describe("Namespace of the Deployment"),
  deployment: objectName.describe("Name of the Deployment"),
  in: z.array(clusterName).min(1).optional().describe("Clusters that have the Deployment. Default: all"),
});

export const trustConfig = z.strictObject({
  provider: z
    .enum(["pulumi", "cert-manager"])
    .default("pulumi")
    .describe(
      "Tool that creates the issuers and keeps their keys. `pulumi`: this program, in the stack's state; " +
        "`cert-manager`: cert-manager in each cluster, with trust-manager for the bundle",
    ),
  anchors: z
    .array(anchorConfig)
    .min(1)
    .describe("Trust bundle, in this order. Every cluster trusts all of its anchors"),
  stack: stackName
    .optional()
    .describe(
      "Stack that creates and keeps the anchors, if the clusters are in several stacks. It signs the issuers of all clusters",
    ),
  domain: domainName
    .default("cluster.local")
    .describe("Trust domain of every cluster that does not set its own"),
  issuer: z
    .strictObject({
      lifetimeHours: z
        .int()
        .min(1)
        .max(MOST_HOURS)
        .default(8_760)
        .describe("Lifetime of a cluster's issuer, in hours. The default is a year"),
      renewBeforeHours: z
        .int()
        .min(0)
        .default(1_440)
        .describe(
          "Time before the end of the issuer, in hours. The first `pulumi up` in this time renews it. The default is the " +
            "60 days under which `linkerd check` warns",
        ),
    })
    .prefault({})
    .describe("Issuer of each cluster: the intermediate that signs the identities of its pods"),
  webhooks: z
    .strictObject({
      lifetimeHours: z
        .int()
        .min(24)
        .max(Math.floor(MOST_HOURS / AUTHORITY_LIFETIMES))
        .default(8_760)
        .describe(
          "Lifetime of such a certificate, in hours. The default is a year. The authority that signs it lives ten times as long",
        ),
      renewBeforeHours: z
        .int()
        .min(0)
        .default(1_440)
        .describe(
          "Time before the end of the certificate, in hours. The first `pulumi up` in this time renews it",
        ),
    })
    .prefault({})
    .describe("Certificates of the three admission webhooks"),
  restart: z
    .strictObject({
      extension: z
        .boolean()
        .default(false)
        .describe("Restarts gateways and service mirrors with every change of the anchors"),
      workloads: z
        .array(restartedWorkload)
        .default([])
        .describe("Meshed Deployments that restart with every change of the anchors, and once when listed"),
    })
    .prefault({})
    .describe(
      "Older form of `restart`, which is still read: named Deployments and the extension, with every change of the " +
        "anchors or of their states",
    ),
});
export type TrustConfig = z.infer<typeof trustConfig>;
