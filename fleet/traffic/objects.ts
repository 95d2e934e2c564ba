import type { FleetObject } from "../objects/object";
import type { RoutePlan } from "./plan";

const SERVICE = { group: "", kind: "Service" } as const;

/** Routes that divide the requests of one cluster's callers between a Service and its mirror services. */
export function routeObjects({
  namespace,
  name,
  port,
  backends,
  annotations,
}: RoutePlan): FleetObject<never>[] {
  return [
    {
      id: "route",
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: `fleet.${name}.${port}`,
        namespace,
        labels: { "linkerd-fleet/service": name },
        ...(annotations && { annotations }),
      },
      spec: {
        parentRefs: [{ ...SERVICE, name, port }],
        rules: [
          {
            backendRefs: backends.map(({ service, weight }) => ({ ...SERVICE, name: service, port, weight })),
          },
        ],
      },
    },
  ];
}
