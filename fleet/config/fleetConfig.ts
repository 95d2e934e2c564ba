import { z } from "zod";
import { accessConfig } from "../access/schema";
import { admissionMode, operator } from "../admission/schema";
import { clusterConfig } from "../clusters/schema";
import { serviceConfig } from "../exports/schema";
import { linkerdConfig } from "../linkerd/schema";
import { observabilityConfig } from "../observability/schema";
import { restartConfig } from "../restart/schema";
import { topologyConfig } from "../topology/schema";
import { guardRule } from "../transition/schema";
import { trustConfig } from "../trust/schema";
import { clusterName } from "./common";

/** The structured values of a stack file, under the project name `linkerd-fleet`. */
export const fleetConfig = z.strictObject({
  linkerd: linkerdConfig.describe("Version and source of Linkerd"),
  trust: trustConfig.describe("Trust anchors and issuers, which sign the identities of the fleet"),
  clusters: z.record(clusterName, clusterConfig).describe("Clusters of the fleet, by name"),
  topology: topologyConfig.prefault({ kind: "mesh" }).describe("Links of the fleet"),
  access: accessConfig.prefault({}).describe("Tokens with which sources read their targets"),
  services: z
    .array(serviceConfig)
    .default([])
    .describe("Services that may cross. A service that is not listed does not cross"),
  observability: observabilityConfig
    .optional()
    .describe("Metrics, alerts and a dashboard for the Prometheus Operator of each cluster. Default: none"),
  restart: restartConfig
    .optional()
    .describe(
      "Restarts of meshed workloads, besides the control planes, for a new trust bundle or a new version of Linkerd. " +
        "Default: none",
    ),
  admission: admissionMode
    .default("enforce")
    .describe(
      "How the API servers treat a Link, an export label or an edited grant that is not declared here, whoever writes " +
        "it. `enforce`: they refuse it; `warn`: they let it pass with a warning; `off`: they let it pass",
    ),
  operators: z
    .array(operator)
    .min(1)
    .optional()
    .describe(
      "Users and groups that deploy this fleet, as the API servers know them: `user:<name>` or `group:<name>`. " +
        "Default: everybody who may change ValidatingAdmissionPolicies",
    ),
  allowUnsafe: z
    .array(guardRule)
    .default([])
    .describe("Rules of the transition guard that do not apply to the next deployment. Remove them after it"),
});
export type FleetConfig = z.infer<typeof fleetConfig>;
