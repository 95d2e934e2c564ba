import { z } from "zod";
import {
  clusterName,
  domainName,
  matching,
  namespaceName,
  secretRef,
  stackName,
  text,
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
    .describe("Names this anchor for good: it is part of resource names, and is never used again"),
  state: z
    .enum(["active", "staged", "retiring"])
    .describe(
      "`active`: trusted, and signs the issuers (exactly one); `staged`: trusted, does not sign yet; " +
        "`retiring`: trusted, does not sign any more",
    ),
  certificate: certificatePem
    .optional()
    .describe("An existing trust anchor in PEM. Default: one is generated and kept"),
  privateKey: secretRef
    .optional()
    .describe("The private key of `certificate`. Needed while the anchor is `active`"),
  clusterIssuer: matching(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    "is not the name of a ClusterIssuer",
    "use lower-case letters, digits, dashes and dots",
  )
    .max(253)
    .optional()
    .describe(
      "With `provider: cert-manager`: the ClusterIssuer, in every cluster, that has the key of `certificate`. Needed " +
        "while the anchor is `active`",
    ),
  lifetimeHours: z
    .int()
    .min(24)
    .max(MOST_HOURS)
    .default(87_600)
    .describe("How long a generated anchor is valid. It never renews by itself"),
});
export type AnchorConfig = z.infer<typeof anchorConfig>;

const restartedWorkload = z.strictObject({
  namespace: namespaceName.describe("Where the Deployment is"),
  deployment: text.describe("Its name"),
  in: z.array(clusterName).min(1).optional().describe("The clusters that have it. Default: all"),
});

export const trustConfig = z.strictObject({
  provider: z
    .enum(["pulumi", "cert-manager"])
    .default("pulumi")
    .describe(
      "Who makes the issuers and keeps their keys: this program, in the stack's state; or in each cluster cert-manager, " +
        "with trust-manager for the bundle",
    ),
  anchors: z
    .array(anchorConfig)
    .min(1)
    .describe("The trust bundle, in this order. Every cluster trusts all of them"),
  stack: stackName
    .optional()
    .describe("The stack that makes and keeps the anchors, where the clusters are in several stacks"),
  domain: domainName
    .default("cluster.local")
    .describe("Trust domain of every cluster that does not name its own"),
  issuer: z
    .strictObject({
      lifetimeHours: z
        .int()
        .min(1)
        .max(MOST_HOURS)
        .default(8_760)
        .describe("How long a cluster's issuer is valid"),
      renewBeforeHours: z
        .int()
        .min(0)
        .default(1_440)
        .describe(
          "The first `pulumi up` in this time before its end renews it. `linkerd check` warns under 60 days",
        ),
    })
    .prefault({})
    .describe("Each cluster's issuer, the intermediate that signs the identities of its pods"),
  webhooks: z
    .strictObject({
      lifetimeHours: z
        .int()
        .min(24)
        .max(Math.floor(MOST_HOURS / AUTHORITY_LIFETIMES))
        .default(8_760)
        .describe(
          "How long such a certificate is valid; the authority that signs it lives ten times as long",
        ),
      renewBeforeHours: z
        .int()
        .min(0)
        .default(1_440)
        .describe("The first `pulumi up` in this time before its end renews it"),
    })
    .prefault({})
    .describe("Certificates of the three admission webhooks"),
  restart: z
    .strictObject({
      extension: z
        .boolean()
        .default(false)
        .describe("Gateways and service mirrors restart with every change of the anchors"),
      workloads: z
        .array(restartedWorkload)
        .default([])
        .describe("Meshed Deployments that restart with every change of the anchors, and once when listed"),
    })
    .prefault({})
    .describe("What restarts by itself, besides the control planes, when an anchor is rotated"),
});
export type TrustConfig = z.infer<typeof trustConfig>;
