import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { EMISSARY_SERVERS } from "../../fleet/gateways/plan";
import type { AuthenticationRef } from "../../fleet/grants/policyObjects";
import { dashboardOf } from "../../fleet/observability/dashboard";
import { METRICS_PORTS, METRICS_SERVERS, type ObservabilityPlan } from "../../fleet/observability/plan";
import { AuthorizationPolicy, MeshTLSAuthentication, NetworkAuthentication } from "../grants/policyResources";
import { PodMonitor, PrometheusRule } from "./monitoringResources";

export interface ObservabilityArgs {
  readonly observability: ObservabilityPlan;
  /** Namespace of the multicluster extension. */
  readonly namespace: pulumi.Input<string>;
  /** Its release, which brings the Servers of the metrics. */
  readonly multicluster: pulumi.Resource;
}

const NAME = "linkerd-fleet";

/** Shows one cluster's links to its Prometheus: the right to read metrics, where they are, alerts, a dashboard. */
export class Observability extends pulumi.ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:observability:Observability", name, {}, opts);
    const { labels, scrapeInterval, dashboard, alerts, gateway } = args.observability;
    const child = { parent: this, dependsOn: [args.multicluster] };
    const { namespace } = args;
    const metadata = { name: NAME, namespace, labels };

    this.letIn(name, args.observability, { namespace, servers: METRICS_SERVERS }, child);
    if (gateway?.kind === "emissary") {
      const closed = { namespace: gateway.namespace, servers: [EMISSARY_SERVERS.admin] };
      this.letIn(`${name}-emissary`, args.observability, closed, child);
    }
    new PodMonitor(
      `${name}-pods`,
      {
        metadata,
        spec: {
          selector: { matchLabels: { "linkerd.io/extension": "multicluster" } },
          podMetricsEndpoints: METRICS_PORTS.map((port) => ({ port, interval: scrapeInterval })),
        },
      },
      child,
    );
    new PrometheusRule(
      `${name}-alerts`,
      { metadata, spec: { groups: [{ name: NAME, rules: alerts }] } },
      child,
    );
    if (dashboard) {
      new kubernetes.core.v1.ConfigMap(
        `${name}-dashboard`,
        {
          metadata: { name: `${NAME}-dashboard`, namespace: dashboard.namespace, labels: dashboard.labels },
          data: { "linkerd-fleet.json": JSON.stringify(dashboardOf(gateway), null, 2) },
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }

  /** Policies of one Server add up: the chart's own, for linkerd-viz, holds as before. */
  private letIn(
    name: string,
    { reader }: ObservabilityPlan,
    { namespace, servers }: { readonly namespace: pulumi.Input<string>; readonly servers: readonly string[] },
    opts: pulumi.CustomResourceOptions,
  ): void {
    const authentication = this.authentication(name, namespace, reader, opts);
    for (const server of servers) {
      new AuthorizationPolicy(
        `${name}-${server}`,
        {
          metadata: { name: `${NAME}.${server}`, namespace },
          spec: {
            targetRef: { group: "policy.linkerd.io", kind: "Server", name: server },
            requiredAuthenticationRefs: [authentication],
          },
        },
        opts,
      );
    }
  }

  private authentication(
    name: string,
    namespace: pulumi.Input<string>,
    reader: ObservabilityPlan["reader"],
    opts: pulumi.CustomResourceOptions,
  ): AuthenticationRef {
    const metadata = { name: `${NAME}.prometheus`, namespace };
    const ref = (kind: AuthenticationRef["kind"]): AuthenticationRef => {
      return { group: "policy.linkerd.io", kind, name: metadata.name };
    };
    if ("identity" in reader) {
      const spec = { identities: [reader.identity] };
      new MeshTLSAuthentication(`${name}-prometheus`, { metadata, spec }, opts);
      return ref("MeshTLSAuthentication");
    }
    const spec = { networks: reader.networks.map((cidr) => ({ cidr })) };
    new NetworkAuthentication(`${name}-prometheus`, { metadata, spec }, opts);
    return ref("NetworkAuthentication");
  }
}
