import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { routeObjects } from "../../fleet/traffic/objects";
import type { RoutePlan } from "../../fleet/traffic/plan";
import { renderObjects } from "../objects/render";

export interface TrafficRouteArgs {
  readonly route: RoutePlan;
  /** Comes before the route. */
  readonly after: readonly pulumi.Resource[] | Promise<pulumi.Resource[]>;
}

/** Divides the requests of one cluster's callers of a Service between the Service itself and its mirrors. */
export class TrafficRoute extends pulumi.ComponentResource {
  readonly route: kubernetes.apiextensions.CustomResource;

  constructor(name: string, args: TrafficRouteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:service:TrafficRoute", name, { ...args.route }, opts);
    this.route = renderObjects(name, routeObjects(args.route), {
      parent: this,
      dependsOn: args.after instanceof Promise ? args.after : [...args.after],
    }).get("route", kubernetes.apiextensions.CustomResource);
    this.registerOutputs({});
  }
}
