import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { RoutePlan } from "../../fleet/traffic/plan";

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
    const { namespace, port } = route;
    const service = { group: "", kind: "Service" };
    new HttpRoute(
      `${name}-route`,
      {
        metadata: {
          name: `fleet.${route.name}.${port}`,
          namespace,
          labels: { "linkerd-fleet/service": route.name },
        },
        spec: {
          parentRefs: [{ ...service, name: route.name, port }],
          rules: [
            {
              backendRefs: route.backends.map((backend) => ({
                ...service,
                name: backend.service,
                port,
                weight: backend.weight,
              })),
            },
          ],
        },
      },
      { parent: this, dependsOn: [args.controlPlane] },
    );
    this.registerOutputs({});
  }
}

interface ServiceRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly port: number;
}

interface HttpRouteArgs {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly parentRefs: readonly ServiceRef[];
    readonly rules: readonly {
      readonly backendRefs: readonly (ServiceRef & { readonly weight: number })[];
    }[];
  };
}

/** A typed wrapper, because the CRD prunes a misspelt field without an error. */
class HttpRoute extends kubernetes.apiextensions.CustomResource {
  constructor(name: string, args: HttpRouteArgs, opts?: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", ...args }, opts);
  }
}
