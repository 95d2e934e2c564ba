import * as pulumi from "@pulumi/pulumi";
import { routeObjects } from "../../fleet/traffic/objects";
import type { RoutePlan } from "../../fleet/traffic/plan";
import { renderObjects } from "../objects/render";

export interface TrafficRouteArgs {
  readonly route: RoutePlan;
  /** The Gateway API's CRDs come before its release, and it validates routes. */
  readonly controlPlane: pulumi.Resource;
}

/** Divides the requests of one cluster's callers of a Service between the Service itself and its mirrors. */
export class TrafficRoute extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficRouteArgs, opts?: pulumi.ComponentResourceOptions) {
    const { route } = args;
    super("linkerd-fleet:service:TrafficRoute", name, { ...route }, opts);
    renderObjects(name, routeObjects(route), { parent: this, dependsOn: [args.controlPlane] });
    this.registerOutputs({});
  }
}
