import { z } from "zod";
import { clusterName, generation, matching } from "../config/common";

export const accessGeneration = z.strictObject({
  target: clusterName.describe("Cluster that grants the access"),
  source: clusterName.describe("Cluster that uses the access"),
  generation: generation.describe(
    "Generation of this access's token. A number that differs from the deployed one rotates the token",
  ),
});
export type AccessGeneration = z.infer<typeof accessGeneration>;

export const accessConfig = z.strictObject({
  generation: generation
    .default(1)
    .describe(
      "Generation of every access that is not listed in `generations`. A number that differs from the deployed one " +
        "rotates all of their tokens",
    ),
  generations: z.array(accessGeneration).default([]).describe("Accesses that have a generation of their own"),
  maxAge: matching(/^[1-9]\d{0,4}d$/, "is not a number of days", "write it with a d, for example 90d")
    .transform((days) => Number.parseInt(days, 10))
    .optional()
    .describe("Age from which previews warn of an access's token, for example `90d`. Default: no limit"),
});
