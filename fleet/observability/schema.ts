import { z } from "zod";
import { matching, namespaceName, network } from "../config/common";
import { serviceAccount } from "../grants/schema";

const prometheus = z.strictObject({
  namespace: namespaceName.describe("Its namespace, the same in every cluster"),
  serviceAccount: serviceAccount.describe("Its ServiceAccount"),
  networks: z
    .array(network)
    .min(1)
    .optional()
    .describe("Where it scrapes from, if it is not meshed: without a proxy it has no identity to show"),
});

const dashboard = z.strictObject({
  namespace: namespaceName.describe("Where Grafana looks for dashboards"),
  labels: z
    .record(z.string(), z.string())
    .default({ grafana_dashboard: "1" })
    .describe("What it finds them by"),
});

/** What makes the fleet visible to the Prometheus Operator of each cluster, whose CRDs must be there. */
export const observabilityConfig = z.strictObject({
  prometheus: prometheus.describe("Who may read the metrics of the multicluster extension, in each cluster"),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .describe("Labels by which the Prometheus Operator selects PodMonitors and PrometheusRules"),
  scrapeInterval: matching(
    /^(([1-9]\d|1[01]\d|120)s|[12]m)$/,
    "is not an interval from 10 seconds to 2 minutes, with which Prometheus keeps a value until the next",
    "write seconds or minutes, for example 30s",
  )
    .default("30s")
    .describe("How often metrics are read"),
  dashboard: dashboard.optional().describe("A Grafana dashboard, as a ConfigMap in every cluster"),
});
export type ObservabilityConfig = z.infer<typeof observabilityConfig>;
