import { z } from "zod";
import { matching, namespaceName, network, labels as objectLabels } from "../config/common";
import { serviceAccount } from "../grants/schema";

const prometheus = z.strictObject({
  namespace: namespaceName.describe("Namespace of Prometheus, the same in every cluster"),
  serviceAccount: serviceAccount.describe("ServiceAccount of Prometheus"),
  networks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Networks from which Prometheus scrapes, if it is not meshed. Without a proxy, it has no identity",
    ),
});

const dashboard = z.strictObject({
  namespace: namespaceName.describe("Namespace in which Grafana looks for dashboards"),
  labels: objectLabels
    .default({ grafana_dashboard: "1" })
    .describe("Labels by which Grafana finds dashboards"),
});

/** Settings that show the fleet to the Prometheus Operator of each cluster, whose CRDs must exist. */
export const observabilityConfig = z.strictObject({
  prometheus: prometheus.describe(
    "Prometheus that may read the metrics of the multicluster extension, in each cluster",
  ),
  labels: objectLabels
    .default({})
    .describe("Labels by which the Prometheus Operator selects PodMonitors and PrometheusRules"),
  scrapeInterval: matching(
    /^(([1-9]\d|1[01]\d|120)s|[12]m)$/,
    "is not an interval from 10 seconds to 2 minutes, with which Prometheus keeps a value until the next",
    "write seconds or minutes, for example 30s",
  )
    .default("30s")
    .describe("Interval at which metrics are read, from `10s` to `2m`"),
  dashboard: dashboard.optional().describe("Grafana dashboard, as a ConfigMap in every cluster"),
});
export type ObservabilityConfig = z.infer<typeof observabilityConfig>;
