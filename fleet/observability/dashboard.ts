import { AUDITED_METRICS, ofAudit } from "./audit";
import type { ObservabilityPlan } from "./plan";

/** A Grafana dashboard of one cluster's part in the fleet (Grafana dashboard JSON model, schema 39). */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: 39;
  readonly tags: readonly string[];
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly object[] };
  readonly panels: readonly Panel[];
}

interface Panel {
  readonly id: number;
  readonly type: "timeseries";
  readonly title: string;
  readonly description: string;
  readonly datasource: typeof DATASOURCE;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: {
    readonly defaults: { readonly unit: Unit; readonly min: 0 };
    readonly overrides: [];
  };
  readonly targets: readonly [{ readonly expr: string; readonly legendFormat: string; readonly refId: "A" }];
}

/** Grafana's names of units. */
type Unit = "none" | "ms" | "s" | "reqps" | "percentunit";

const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

/** The properties of a cluster that its dashboard shows. */
type Watched = Pick<ObservabilityPlan, "gateway" | "audits">;

interface Content {
  readonly title: string;
  readonly description: string;
  readonly expr: string;
  readonly legend: string;
  readonly unit: Unit;
}

/** Metrics: as in `alerts.ts`; `request_total` and `response_*` are the proxies' own. */
const panelsOf = ({ gateway, audits }: Watched): readonly Content[] => [
  {
    title: "Gateways alive",
    description: "1: the probe of the target's gateway gets an answer",
    expr: "max by (target_cluster_name) (gateway_alive)",
    legend: "{{target_cluster_name}}",
    unit: "none",
  },
  {
    title: "Gateway probe latency, 95th percentile",
    description: "From this cluster to each target's gateway and back",
    expr: "histogram_quantile(0.95, sum by (target_cluster_name, le) (rate(gateway_probe_latency_ms_bucket[5m])))",
    legend: "{{target_cluster_name}}",
    unit: "ms",
  },
  {
    title: "Service mirrors running",
    description: "One for each outgoing link",
    expr: 'sum by (pod) (up{namespace="linkerd-multicluster", container="controller"})',
    legend: "{{pod}}",
    unit: "none",
  },
  {
    title: "Targets known to the destination controllers",
    description: "As many as there are outgoing links; remote discovery asks them for endpoints",
    expr: "min(cluster_store_size)",
    legend: "targets",
    unit: "none",
  },
  {
    title: "Endpoints of services, by cluster",
    description:
      "What the destination controllers hold ready; a federated service has a line for each member",
    expr: "max by (exported_namespace, service, cluster) (endpoints_pods)",
    legend: "{{exported_namespace}}/{{service}} {{cluster}}",
    unit: "none",
  },
  ...(gateway ? [requestsThrough(gateway)] : []),
  ...(audits ? [AUDITED] : []),
  {
    title: "Issuer: time left",
    description: "`pulumi up` renews it near its end",
    expr: "min(issuer_cert_ttl_seconds)",
    legend: "issuer",
    unit: "s",
  },
  {
    title: "Proxies: shortest certificate left",
    description: "They renew 24 h certificates by themselves",
    expr: "min(control_identity_cert_expiration_timestamp_seconds) - time()",
    legend: "proxies",
    unit: "s",
  },
];

const AUDITED: Content = {
  title: "Calls that are only audited, by caller",
  description: "`enforce: deny` would refuse them. Without an identity, the caller has no proxy",
  expr: `sum by (namespace, srv_name, client_id) (rate({__name__=~"${AUDITED_METRICS.join("|")}", ${ofAudit()}}[5m]))`,
  legend: "{{namespace}} {{srv_name}} ← {{client_id}}",
  unit: "reqps",
};

/** By the labels that the PodMonitor `linkerd-proxy` of the chart linkerd-control-plane gives. */
function requestsThrough({ namespace, deployment }: NonNullable<Watched["gateway"]>): Content {
  return {
    title: "Requests through the gateway",
    description: "From the other clusters to this one",
    expr: `sum(rate(request_total{namespace="${namespace}", deployment="${deployment}", direction="inbound"}[5m]))`,
    legend: "requests",
    unit: "reqps",
  };
}

const COLUMNS = 2;
const WIDTH = 12;
const HEIGHT = 8;

export function dashboardOf(watched: Watched): Dashboard {
  return {
    uid: "linkerd-fleet",
    title: "Linkerd fleet",
    schemaVersion: 39,
    tags: ["linkerd", "linkerd-fleet"],
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
    panels: panelsOf(watched).map(({ title, description, expr, legend, unit }, index) => ({
      id: index + 1,
      type: "timeseries",
      title,
      description,
      datasource: DATASOURCE,
      gridPos: {
        x: (index % COLUMNS) * WIDTH,
        y: Math.floor(index / COLUMNS) * HEIGHT,
        w: WIDTH,
        h: HEIGHT,
      },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: [{ expr, legendFormat: legend, refId: "A" }],
    })),
  };
}
