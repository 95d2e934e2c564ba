import * as pulumi from "@pulumi/pulumi";
import { DASHBOARD, observabilityObjects } from "../../fleet/observability/objects";
import type { ObservabilityPlan } from "../../fleet/observability/plan";
import { type Inputs, renderObjects } from "../objects/render";

export interface ObservabilityArgs {
  readonly observability: ObservabilityPlan;
  /** Namespace of the multicluster extension. */
  readonly namespace: pulumi.Input<string>;
  /** Its release, which brings the Servers of the metrics. */
  readonly multicluster: pulumi.Resource;
}

/** Shows one cluster's links to its Prometheus: the right to read metrics, where they are, alerts, a dashboard. */
export class Observability extends pulumi.ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:observability:Observability", name, {}, opts);
    const { observability, namespace, multicluster } = args;
    renderObjects(name, observabilityObjects<Inputs>(observability, namespace), ({ id }) => ({
      parent: this,
      ...(id === DASHBOARD ? {} : { dependsOn: [multicluster] }),
    }));
    this.registerOutputs({});
  }
}
