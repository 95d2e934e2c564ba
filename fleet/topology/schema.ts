import { z } from "zod";
import { clusterName, metadataKey, mode } from "../config/common";

const excludes = {
  excludedLabels: z
    .array(metadataKey)
    .default([])
    .describe(
      "Labels that are not copied to mirror services, besides those by which deployment tools know their objects " +
        "(fleet/links/excludes.ts)",
    ),
  excludedAnnotations: z
    .array(metadataKey)
    .default([])
    .describe(
      "Annotations that are not copied to mirror services, besides those that deployment tools and load balancers read " +
        "(fleet/links/excludes.ts)",
    ),
};

export const linkConfig = z.strictObject({
  source: clusterName.describe("Cluster that gets the mirror services"),
  target: clusterName.describe("Cluster whose services cross"),
  modes: z
    .array(mode)
    .min(1)
    .optional()
    .describe(
      "Modes of the services that the link carries. Default: `gateway` if the target has a gateway, `flat` and " +
        "`federated` if both clusters share a network",
    ),
  state: z
    .enum(["active", "draining"])
    .default("active")
    .describe("`draining`: no service crosses any more. It is the step before you remove a link"),
  ...excludes,
});
export type LinkConfig = z.infer<typeof linkConfig>;

/** Two clusters of different regions. */
export const bridgeConfig = z.tuple([clusterName, clusterName]);

const shared = {
  links: z
    .array(linkConfig)
    .default([])
    .describe("Additional links, or settings of single links of the kind"),
  ...excludes,
};

export const topologyConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mesh"), ...shared }).describe("every cluster is linked to every other"),
  z
    .strictObject({
      kind: z.literal("hub"),
      hub: clusterName.describe("Cluster in the middle"),
      ...shared,
    })
    .describe("every other cluster is linked to the hub, and the hub to it"),
  z
    .strictObject({
      kind: z.literal("islands"),
      bridges: z
        .array(bridgeConfig)
        .default([])
        .describe("Pairs of clusters of different regions, linked both ways"),
      ...shared,
    })
    .describe("each region is a mesh, and regions meet only at the bridges"),
  z.strictObject({ kind: z.literal("links"), ...shared }).describe("only the listed links exist"),
]);
export type TopologyConfig = z.infer<typeof topologyConfig>;
