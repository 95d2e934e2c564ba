import { z } from "zod";
import { accessConfig } from "./access";
import { admissionMode, operator } from "./admission";
import { transitionRule } from "./allowUnsafe";
import { clusterConfig } from "./clusters";
import { clusterName } from "./common";
import { linkerdConfig } from "./linkerd";
import { observabilityConfig } from "./observability";
import { serviceConfig } from "./services";
import { topologyConfig } from "./topology";
import { trustConfig } from "./trust";

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
