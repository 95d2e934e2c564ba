import { z } from "zod";
import { clusterName, metadataKey, mode } from "../config/common";

const excludes = {
  excludedLabels: z
    .array(metadataKey)
    .default([])
    .describe("Labels not copied to mirror services, besides the default ones"),
  excludedAnnotations: z
    .array(metadataKey)
    .default([])
    .describe("Annotations not copied to mirror services, besides the default ones"),
};

export const linkConfig = z.strictObject({
  source: clusterName.describe("The cluster that gets the mirror services"),
  target: clusterName.describe("The cluster whose services cross"),
  modes: z
    .array(mode)
    .min(1)
    .optional()
    .describe(
      "What the link carries. Default: `gateway` if the target has one, `flat` and `federated` if both share a network",
    ),
  state: z
    .enum(["active", "draining"])
    .default("active")
    .describe("`draining`: nothing crosses any more; the step before a link is removed"),
  ...excludes,
});
export type LinkConfig = z.infer<typeof linkConfig>;

/** Two clusters of different regions. */
export const bridgeConfig = z.tuple([clusterName, clusterName]);

const shared = {
  links: z
    .array(linkConfig)
    .default([])
    .describe("Links besides those of the kind, or settings of single links of the kind"),
  ...excludes,
};

export const topologyConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mesh"), ...shared }).describe("Every cluster is linked to every other"),
  z
    .strictObject({
      kind: z.literal("hub"),
      hub: clusterName.describe("The cluster in the middle"),
      ...shared,
    })
    .describe("Every other cluster is linked to the hub, and the hub to it"),
  z
    .strictObject({
      kind: z.literal("islands"),
      bridges: z
        .array(bridgeConfig)
        .default([])
        .describe("Pairs of clusters of different regions, linked both ways"),
      ...shared,
    })
    .describe("A mesh inside each region; regions meet only at the bridges"),
  z.strictObject({ kind: z.literal("links"), ...shared }).describe("Only the links listed"),
]);
export type TopologyConfig = z.infer<typeof topologyConfig>;
