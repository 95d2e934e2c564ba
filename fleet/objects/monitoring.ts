/** Contents of the Prometheus Operator's kinds, `monitoring.coreos.com/v1` (Prometheus Operator API reference). */

export interface PodMonitorSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podMetricsEndpoints: readonly {
    readonly port: string;
    readonly interval: string;
    readonly honorTimestamps: boolean;
  }[];
}

export interface PrometheusRuleSpec {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export type Rule = Alert | Recording;

/** One rule that stores what it computes as a metric. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One alert rule. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly description: string };
}
