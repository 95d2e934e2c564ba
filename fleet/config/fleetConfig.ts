import { z } from "zod";
import { accessConfig } from "../access/schema";
import { admissionMode, operator } from "../admission/schema";
import { clusterConfig } from "../clusters/schema";
import { serviceConfig } from "../exports/schema";
import { linkerdConfig } from "../linkerd/schema";
import { observabilityConfig } from "../observability/schema";
import { topologyConfig } from "../topology/schema";
import { transitionRule } from "../transition/schema";
import { trustConfig } from "../trust/schema";
import { clusterName } from "./common";

/** The structured values of a stack file, under the project name `linkerd-fleet`. */
export const fleetConfig = z.strictObject({
  linkerd: linkerdConfig.describe("Which Linkerd, from where"),
  trust: trustConfig.describe("Who signs the identities of the fleet"),
  clusters: z.record(clusterName, clusterConfig).describe("The clusters, by name"),
  topology: topologyConfig.prefault({ kind: "mesh" }).describe("Which links exist"),
  access: accessConfig.prefault({}).describe("The tokens with which sources read their targets"),
  services: z.array(serviceConfig).default([]).describe("What may cross. What is not listed does not"),
  observability: observabilityConfig
    .optional()
    .describe("Metrics, alerts and a dashboard for the Prometheus Operator of each cluster. Default: none"),
  admission: admissionMode
    .default("enforce")
    .describe(
      "What the API servers do with a Link, an export label or an edited grant that is not declared here, whoever " +
        "makes it: refuse it (`enforce`), let it pass with a warning (`warn`), or nothing (`off`)",
    ),
  operators: z
    .array(operator)
    .min(1)
    .optional()
    .describe(
      "Who deploys this fleet, as the API servers know them: `user:<name>` or `group:<name>`. Default: whoever may " +
        "change ValidatingAdmissionPolicies",
    ),
  allowUnsafe: z
    .array(transitionRule)
    .default([])
    .describe("Rules of the transition guard that do not hold for the next deployment. Remove them after it"),
});
export type FleetConfig = z.infer<typeof fleetConfig>;
