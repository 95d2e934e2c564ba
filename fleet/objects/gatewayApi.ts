/**
 * `spec` of an HTTPRoute, `gateway.networking.k8s.io/v1`, that divides the requests to a Service between Services.
 */
export interface TrafficRouteSpec {
  readonly parentRefs: readonly ServiceRef[];
  readonly rules: readonly {
    readonly backendRefs: readonly (ServiceRef & { readonly weight: number })[];
  }[];
}

interface ServiceRef {
  readonly group: "";
  readonly kind: "Service";
  readonly name: string;
  readonly port: number;
}
