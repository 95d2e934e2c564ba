import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Alert } from "../../fleet/observability/alerts";

/** Typed wrappers of the Prometheus Operator's kinds, because the CRDs prune a misspelt field without an error. */
interface MonitoringResourceArgs<Spec> {
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: Spec;
}

/** `monitoring.coreos.com/v1`, Prometheus Operator API reference. */
export interface PodMonitorSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podMetricsEndpoints: readonly { readonly port: string; readonly interval: string }[];
}

export interface PrometheusRuleSpec {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

export class PodMonitor extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: MonitoringResourceArgs<PodMonitorSpec>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: "monitoring.coreos.com/v1", kind: "PodMonitor", ...args }, opts);
  }
}

export class PrometheusRule extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: MonitoringResourceArgs<PrometheusRuleSpec>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", ...args }, opts);
  }
}
