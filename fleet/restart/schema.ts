import { z } from "zod";
import { clusterName, judged, namespaceName, objectName } from "../config/common";
import { selectorProblem } from "./selector";

/** The kinds that restart pod by pod when their template changes. */
export const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet"] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

const REASONS = ["anchors", "version"] as const;

const selection = z.strictObject({
  namespace: namespaceName.describe("Namespace of the workloads"),
  name: objectName.optional().describe("Name of one workload, in place of `selector`"),
  selector: judged(selectorProblem)
    .optional()
    .describe(
      "Labels of the workloads themselves, not of their pods, as `kubectl get --selector` takes them, for example " +
        "`app=web` or `tier in (web, api),!canary`. Default: all workloads of the namespace",
    ),
  kinds: z
    .array(z.enum(WORKLOAD_KINDS))
    .min(1)
    .default([...WORKLOAD_KINDS])
    .describe("Kinds of the workloads"),
  in: z.array(clusterName).min(1).optional().describe("Clusters that have the workloads. Default: all"),
});

export const restartConfig = z.strictObject({
  extension: z
    .boolean()
    .default(false)
    .describe("Restarts gateways and service mirrors with every change of the anchors"),
  workloads: z
    .array(selection)
    .default([])
    .describe(
      "Meshed workloads that `pulumi up` restarts while they have a pod on an old trust bundle or an old proxy. " +
        "Each entry is done before the next begins",
    ),
  on: z
    .array(z.enum(REASONS))
    .min(1)
    .default([...REASONS])
    .describe(
      "Reasons for a restart. `anchors`: a proxy started with another trust bundle; `version`: a proxy is of another " +
        "version than the control plane's",
    ),
  atOnce: z
    .int()
    .min(1)
    .max(50)
    .default(1)
    .describe(
      "Workloads of a cluster that restart at the same time. The next ones wait until these are ready",
    ),
  timeoutSeconds: z
    .int()
    .min(30)
    .max(86_400)
    .default(600)
    .describe(
      "Time in seconds that a workload has to become ready. After it, the workloads behind it stay as they are",
    ),
});
export type RestartConfig = z.infer<typeof restartConfig>;
