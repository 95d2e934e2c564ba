import type { FleetConfig } from "../config/fleetConfig";
import { mirrorServiceName } from "../config/names";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import type { LinkPlan } from "../topology/plan";

/** How the callers of one cluster divide their requests to one port of a Service of their own. */
export interface RoutePlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** In the order of the clusters' names. Clusters that are evacuated or drained are left out. */
  readonly backends: readonly RouteBackend[];
}

export interface RouteBackend {
  /** The cluster whose pods answer. */
  readonly cluster: string;
  /** The Service itself, or a mirror. */
  readonly service: string;
  readonly weight: number;
}

export function planRoutes(config: FleetConfig, links: readonly LinkPlan[]): RoutePlan[] {
  return config.services.flatMap((service) =>
    service.traffic.flatMap(({ port, from = service.in, weights }) =>
      from.map((cluster) => ({
        cluster,
        namespace: service.namespace,
        name: service.name,
        port,
        backends: Object.entries(weights)
          .filter(([member]) => answers(config.clusters, links, service, { source: cluster, member }))
          .map(([to, weight]) => ({
            cluster: to,
            service: to === cluster ? service.name : mirrorServiceName(service.name, to),
            weight,
          }))
          .sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
      })),
    ),
  );
}

/** Whether pods of `member` answer a request that is made in `source`: they do in their own cluster, and over a link. */
export function answers(
  clusters: Readonly<Record<string, { readonly evacuate: boolean } | undefined>>,
  links: readonly LinkPlan[],
  service: Pick<ServiceConfig, "mode" | "to">,
  { source, member }: { readonly source: string; readonly member: string },
): boolean {
  if (clusters[member]?.evacuate) return false;
  return (
    source === member ||
    (isNamed(service.to, source) &&
      links.some(
        (link) =>
          link.source === source &&
          link.target === member &&
          link.state === "active" &&
          link.modes.includes(service.mode),
      ))
  );
}

/**
 * Annotations that the proxies of callers read from a Service. They are on the members: mirror and federated services
 * copy them, and an HTTPRoute without its own uses those of its Service (linkerd2 `policy-controller`).
 */
export function callAnnotations({
  failureAccrual,
  timeouts,
  retries,
}: Pick<ServiceConfig, "failureAccrual" | "timeouts" | "retries">): Record<string, string> {
  const accrual = "balancer.linkerd.io/failure-accrual";
  const all: Record<string, string | undefined> = {
    ...(failureAccrual && {
      [accrual]: "consecutive",
      [`${accrual}-consecutive-max-failures`]: String(failureAccrual.maxFailures),
      [`${accrual}-consecutive-min-penalty`]: failureAccrual.minPenalty,
      [`${accrual}-consecutive-max-penalty`]: failureAccrual.maxPenalty,
    }),
    "timeout.linkerd.io/request": timeouts?.request,
    "timeout.linkerd.io/response": timeouts?.response,
    "timeout.linkerd.io/idle": timeouts?.idle,
    ...(retries && {
      "retry.linkerd.io/limit": String(retries.limit),
      "retry.linkerd.io/http": retries.http.join(","),
      "retry.linkerd.io/grpc": retries.grpc?.join(","),
      "retry.linkerd.io/timeout": retries.timeout,
    }),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
