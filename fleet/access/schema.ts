import { z } from "zod";
import { clusterName, generation, matching } from "../config/common";

export const accessGeneration = z.strictObject({
  target: clusterName.describe("The cluster that grants the access"),
  source: clusterName.describe("The cluster that uses it"),
  generation: generation.describe("Another number than before rotates the token of this access"),
});
export type AccessGeneration = z.infer<typeof accessGeneration>;

export const accessConfig = z.strictObject({
  generation: generation
    .default(1)
    .describe("Of every access that is not listed. Another number than before rotates all their tokens"),
  generations: z.array(accessGeneration).default([]).describe("Accesses with a generation of their own"),
  maxAge: matching(/^[1-9]\d{0,4}d$/, "is not a number of days", "write it with a d, for example 90d")
    .transform((days) => Number.parseInt(days, 10))
    .optional()
    .describe("Previews warn of every access whose token is older: `90d`. Default: no limit"),
});
