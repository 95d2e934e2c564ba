import { definedOnly } from "../config/collections";
import type { FleetConfig } from "../config/fleetConfig";
import { mirrorServiceName } from "../config/names";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import type { LinkPlan } from "../topology/plan";
import {
  type FailureAccrual,
  failureAccrualConfig,
  retriesConfig,
  successRateConfig,
  type TrafficEntry,
  trafficOf,
} from "./schema";

/** How the callers of one cluster divide their requests to one port of a Service of their own. */
export interface RoutePlan {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** In the order of the clusters' names. Clusters that are evacuated or drained are left out. */
  readonly backends: readonly RouteBackend[];
  /** What holds for the requests of this route alone. Absent: what the Service says. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RouteBackend {
  /** The cluster whose pods answer. */
  readonly cluster: string;
  /** The Service itself, or a mirror. */
  readonly service: string;
  readonly weight: number;
}

/**
 * Local first with a standby, as it was tried with Linkerd's proxies: a proxy skips a backend without available
 * endpoints (linkerd2-proxy `linkerd/distribute/src/service/random.rs`), and what meets it before that is sent again.
 * A weight of 0 was not tried.
 */
const LOCAL_WEIGHT = 999;
const STANDBY_WEIGHT = 1;
const LOCAL_RETRIES = retriesConfig.parse({ limit: 3, http: ["5xx"], timeout: "400ms" });

export function planRoutes(config: FleetConfig, links: readonly LinkPlan[]): RoutePlan[] {
  return config.services.flatMap((service) =>
    trafficOf(service).flatMap(({ entry }) =>
      callersOf(service, entry, links).map((cluster) => ({
        cluster,
        namespace: service.namespace,
        name: service.name,
        port: entry.port,
        backends: Object.entries(sharesIn(config, links, service, entry, cluster))
          .map(([to, weight]) => ({
            cluster: to,
            service: to === cluster ? service.name : mirrorServiceName(service.name, to),
            weight,
          }))
          .sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
        ...definedOnly({
          annotations:
            entry.prefer && service.retries === undefined ? retryAnnotations(LOCAL_RETRIES) : undefined,
        }),
      })),
    ),
  );
}

/** Clusters whose callers an entry divides. One that is to turn to others and is linked to none needs no route. */
function callersOf(
  service: ServiceConfig,
  { from, prefer }: TrafficEntry,
  links: readonly LinkPlan[],
): readonly string[] {
  if (from || !prefer) return from ?? service.in;
  return service.in.filter((cluster) => standbysOf(service, cluster, links).length > 0);
}

/**
 * The other members that callers of a cluster are linked to, whether they answer now or not: a route stays as it is
 * named while they come and go.
 */
export function standbysOf(
  { in: members, mode, to }: Pick<ServiceConfig, "in" | "mode" | "to">,
  cluster: string,
  links: readonly LinkPlan[],
): string[] {
  if (!isNamed(to, cluster)) return [];
  return members.filter((member) => linksFor(links, mode, { source: cluster, target: member }).length > 0);
}

/** The links over which services of a mode come from `target` to `source`, draining or not. */
export function linksFor(
  links: readonly LinkPlan[],
  mode: ServiceConfig["mode"],
  { source, target }: { readonly source: string; readonly target: string },
): LinkPlan[] {
  return links.filter(
    (link) => link.source === source && link.target === target && link.modes.includes(mode),
  );
}

/**
 * Weights of the members that answer. Where no standby does, the local Service has the requests, evacuated or not.
 */
function sharesIn(
  { clusters }: FleetConfig,
  links: readonly LinkPlan[],
  service: ServiceConfig,
  { weights = {}, prefer }: TrafficEntry,
  cluster: string,
): Readonly<Record<string, number>> {
  const answering = ([member]: readonly [string, number]) =>
    answers(clusters, links, service, { source: cluster, member });
  if (!prefer) return Object.fromEntries(Object.entries(weights).filter(answering));
  const local = [cluster, LOCAL_WEIGHT] as const;
  const standbys = standbysOf(service, cluster, links)
    .map((member) => [member, STANDBY_WEIGHT] as const)
    .filter(answering);
  return Object.fromEntries(standbys.length === 0 || answering(local) ? [local, ...standbys] : standbys);
}

/**
 * Whether pods of `member` answer a request that is made in `source`: they do in their own cluster, and over a link.
 */
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
      linksFor(links, service.mode, { source, target: member }).some(({ state }) => state === "active"))
  );
}

/** The services of which some callers prefer the local one, as `<namespace>/<name>`. */
export function preferringLocal(services: readonly ServiceConfig[]): ReadonlySet<string> {
  return new Set(
    services
      .filter((service) => trafficOf(service).some(({ entry }) => entry.prefer))
      .map(({ namespace, name }) => `${namespace}/${name}`),
  );
}

/** What every setting that is not written stands for. */
export const DEFAULT_ACCRUAL = failureAccrualConfig.parse({});

/**
 * Annotations that the proxies of callers read from a Service. They are on the members: mirror and federated services
 * copy them, and an HTTPRoute without its own uses those of its Service (linkerd2 `policy-controller`).
 */
export function callAnnotations({
  failureAccrual,
  loadBiaser,
  timeouts,
  retries,
}: Pick<ServiceConfig, "failureAccrual" | "loadBiaser" | "timeouts" | "retries">): Record<string, string> {
  return {
    ...(failureAccrual && accrualAnnotations(failureAccrual)),
    ...(loadBiaser && {
      "balancer.alpha.linkerd.io/penalize-failures": "true",
      "balancer.alpha.linkerd.io/load-biaser-penalty": loadBiaser.penalty,
      "balancer.alpha.linkerd.io/load-biaser-max-retry-after": loadBiaser.maxRetryAfter,
    }),
    ...definedOnly({
      "timeout.linkerd.io/request": timeouts?.request,
      "timeout.linkerd.io/response": timeouts?.response,
      "timeout.linkerd.io/idle": timeouts?.idle,
    }),
    ...(retries && retryAnnotations(retries)),
  };
}

const ACCRUAL = "balancer.linkerd.io/failure-accrual";

/** Whether callers that read these annotations leave out endpoints that fail. */
export function setsAccrual(annotations: Readonly<Record<string, unknown>>): boolean {
  return ACCRUAL in annotations;
}

/** Its keys are those of `parse_accrual_config` (linkerd2 `policy-controller/k8s/index/src/outbound/index.rs`). */
export function accrualAnnotations({
  mode,
  successRate = successRateConfig.parse({}),
  ...consecutive
}: FailureAccrual): Record<string, string> {
  if (mode === "none") return {};
  const rate = "balancer.alpha.linkerd.io/failure-accrual-success-rate";
  return {
    [ACCRUAL]: mode,
    [`${ACCRUAL}-consecutive-max-failures`]: String(consecutive.maxFailures),
    [`${ACCRUAL}-consecutive-min-penalty`]: consecutive.minPenalty,
    [`${ACCRUAL}-consecutive-max-penalty`]: consecutive.maxPenalty,
    ...(mode === "unified" && {
      [`${rate}-threshold`]: String(successRate.threshold / 100),
      [`${rate}-window`]: successRate.window,
      [`${rate}-min-requests`]: String(successRate.minRequests),
    }),
  };
}

function retryAnnotations({
  limit,
  http,
  grpc,
  timeout,
}: NonNullable<ServiceConfig["retries"]>): Record<string, string> {
  if (limit === 0) return {};
  return {
    "retry.linkerd.io/limit": String(limit),
    "retry.linkerd.io/http": http.join(","),
    ...definedOnly({ "retry.linkerd.io/grpc": grpc?.join(","), "retry.linkerd.io/timeout": timeout }),
  };
}
