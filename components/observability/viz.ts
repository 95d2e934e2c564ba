import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import type { ChartPlan } from "../../fleet/linkerd/charts";
import { extensionNamespace, pullSecretObjects } from "../../fleet/linkerd/objects";
import { vizRelease } from "../../fleet/linkerd/releases";
import { base64 } from "../base64";
import { chartRelease } from "../linkerd/chart";
import { type Inputs, renderObjects } from "../objects/render";

export interface VizArgs {
  readonly cluster: ClusterPlan;
  readonly viz: ChartPlan;
  /** The control plane's release: pods created before its injector runs would have no proxy. */
  readonly controlPlane: pulumi.Resource;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** The extension linkerd-viz in one cluster. The chart makes the certificates of its own webhooks, in the cluster. */
export class Viz extends pulumi.ComponentResource {
  constructor(name: string, args: VizArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, viz } = args;
    super("linkerd-fleet:linkerd:Viz", name, { version: viz.version }, opts);
    const child = { parent: this };
    const namespace = renderObjects(name, [extensionNamespace("viz", cluster)], child).get(
      "namespace",
      kubernetes.core.v1.Namespace,
    );
    const secret = (key: string) => base64(args.secret(key));
    const pullers = pullSecretObjects<Inputs>(cluster, namespace.metadata.name, secret);
    chartRelease(`${name}-release`, vizRelease(cluster, viz), args.secret, {
      ...child,
      dependsOn: [namespace, args.controlPlane, ...renderObjects(name, pullers, child).all],
    });
    this.registerOutputs({});
  }
}
