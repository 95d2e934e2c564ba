import { z } from "zod";
import { certificatePem, domainName, matching, secretRef } from "./common";

const anchor = z.strictObject({
  id: matching(
    /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/,
    "is not the id of an anchor",
    'use letters, digits and dashes, for example "2026"',
  )
    .max(40, "is longer than 40 characters")
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
  lifetimeHours: z
    .int("is not a whole number")
    .min(24, "is under a day")
    .default(87_600)
    .describe("How long a generated anchor is valid. It never renews by itself"),
});

export const trustConfig = z.strictObject({
  anchors: z
    .array(anchor)
    .min(1, "is empty")
    .describe("The trust bundle, in this order. Every cluster trusts all of them"),
  domain: domainName
    .default("cluster.local")
    .describe("Trust domain of every cluster that does not name its own"),
  issuer: z
    .strictObject({
      lifetimeHours: z
        .int("is not a whole number")
        .min(1, "is under an hour")
        .default(8_760)
        .describe("How long a cluster's issuer is valid"),
      renewBeforeHours: z
        .int("is not a whole number")
        .min(0, "is negative")
        .default(1_440)
        .describe(
          "The first `pulumi up` in this time before its end renews it. `linkerd check` warns under 60 days",
        ),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      lifetimeHours: z.int("is not a whole number").min(24, "is under a day").default(8_760),
      renewBeforeHours: z.int("is not a whole number").min(0, "is negative").default(1_440),
    })
    .prefault({})
    .describe("Certificates of the three admission webhooks"),
});
export type TrustConfig = z.infer<typeof trustConfig>;
