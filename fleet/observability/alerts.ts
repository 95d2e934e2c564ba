import { isNamed } from "../exports/named";
import type { ExportPlan } from "../exports/plan";
import type { GrantPlan } from "../grants/plan";
import type { Alert } from "../objects/monitoring";
import { auditedCalls, WINDOW } from "./audit";
import { RECORDED } from "./recorded";

/** The properties of a cluster that its alerts need. */
export interface WatchedCluster {
  readonly name: string;
  readonly controllers: readonly { readonly target: string; readonly probePort: number | undefined }[];
  /** The targets whose endpoints its destination controllers read: not those of links that carry gateway services only. */
  readonly discovered: number;
}

const DAY = 86_400;

/** When anything of the fleet ends, in seconds since 1970, as `npx fleet expiry` exports it. */
export const EXPIRY_METRIC = "linkerd_fleet_expiry_timestamp_seconds";

/**
 * The alerts of one cluster, with the grants of its own services. Sources of the metrics: service mirror (linkerd2
 * `multicluster/service-mirror/metrics.go`), destination controller (`controller/api/destination/watcher`), identity
 * controller (`pkg/identity/service.go`).
 */
export function alertsOf(
  exports: readonly ExportPlan[],
  grants: readonly GrantPlan[],
  cluster: WatchedCluster,
): Alert[] {
  const { name, controllers, discovered } = cluster;
  const probed = controllers.filter(({ probePort }) => probePort !== undefined);
  return [
    ...(probed.length === 0
      ? []
      : [
          alert({
            alert: "LinkerdGatewayDown",
            expr: `max by (target_cluster_name) (gateway_alive{target_cluster_name=~"${oneOf(probed.map(({ target }) => target))}"}) == 0`,
            for: "1m",
            severity: "critical",
            summary: `${name} does not reach the gateway of {{ $labels.target_cluster_name }}`,
            description:
              "Its gateway services have no endpoints here. Look at the gateway, its address and the network.",
          }),
        ]),
    ...controllers.map(({ target }) =>
      alert({
        alert: "LinkerdLinkNotMirroring",
        expr: `absent(up{namespace="linkerd-multicluster", container="controller", pod=~"controller-${target}-[^-]+-[^-]+"} == 1)`,
        for: "5m",
        severity: "warning",
        summary: `the service mirror of ${target} does not run in ${name}`,
        description: `Services of ${target} that come or go are not seen in ${name}; those that are mirrored go on.`,
      }),
    ),
    ...(discovered === 0
      ? []
      : [
          alert({
            alert: "LinkerdTargetUnknown",
            expr: `min(cluster_store_size) < ${discovered}`,
            for: "10m",
            severity: "warning",
            summary: `a destination controller of ${name} knows {{ $value }} of ${discovered} targets`,
            description:
              "It asks for a target once, when it first sees the credentials. Restart linkerd-destination.",
          }),
        ]),
    ...lastMembers(exports, cluster),
    ...wouldRefuse(grants, cluster),
    alert({
      alert: "LinkerdIssuerNearExpiry",
      expr: `min(issuer_cert_ttl_seconds) < ${14 * DAY}`,
      for: "1h",
      severity: "warning",
      summary: `the issuer of ${name} ends in {{ $value | humanizeDuration }}`,
      description: "Run `pulumi up`: it renews issuers that are near their end.",
    }),
    alert({
      alert: "LinkerdFleetExpiry",
      // Written by `npx fleet expiry --prometheus`, for whichever Prometheus collects it.
      expr: `min by (kind, cluster, name) (${EXPIRY_METRIC}) - time() < ${14 * DAY}`,
      for: "1h",
      severity: "warning",
      summary:
        "{{ $labels.kind }} {{ $labels.name }} of {{ $labels.cluster }} ends in {{ $value | humanizeDuration }}",
      description: "`npx fleet expiry` lists what ends when, with what renews it.",
    }),
    alert({
      alert: "LinkerdIdentityNotRenewed",
      // Proxies renew their 24 h certificates after 70 % of that time.
      expr: `min(control_identity_cert_expiration_timestamp_seconds) - time() < ${4 * 3600}`,
      for: "10m",
      severity: "critical",
      summary: `pods of ${name} do not get new certificates`,
      description: "When theirs end, no meshed pod talks to them any more. Look at linkerd-identity.",
    }),
  ];
}

/**
 * Federated services of several members that are down to one, as the destination controller counts their pods. The
 * members of an evacuated cluster are none: their end is no failure. A member has a series while somebody calls the
 * federated service. If only one member has, its callers call the Service itself, which says nothing of the others.
 */
function lastMembers(exports: readonly ExportPlan[], { name, controllers }: WatchedCluster): Alert[] {
  const targets = new Set(controllers.map(({ target }) => target));
  const isMember = ({ cluster, to, modes, evacuated }: ExportPlan) =>
    modes.includes("federated") &&
    !evacuated &&
    (cluster === name || (targets.has(cluster) && isNamed(to?.federated, name)));
  const services = Map.groupBy(
    exports.filter(isMember),
    ({ namespace, name: service }) => `${namespace}/${service}`,
  );
  const watched = [...services.values()].flatMap(([first, ...others]) =>
    first && others.length > 0
      ? [{ ...first, members: oneOf([first, ...others].map(({ cluster }) => cluster)) }]
      : [],
  );
  const selectors = [
    ...Map.groupBy(watched, ({ namespace, members }) => `namespace="${namespace}", member=~"${members}"`),
  ].map(([of, some]) => `${RECORDED.memberPods}{${of}, service=~"${oneOf(some.map((one) => one.name))}"}`);
  if (selectors.length === 0) return [];
  const members = selectors.join(" or ");
  const by = "by (namespace, service)";
  return [
    alert({
      alert: "LinkerdServiceLastMember",
      expr: `sum ${by} ((${members}) > bool 0) <= 1 and count ${by} (${members}) > 1`,
      for: "5m",
      severity: "warning",
      summary: `{{ $labels.namespace }}/{{ $labels.service }} has {{ $value }} members left, as ${name} sees it`,
      description:
        "One more failure takes the service away. Find out why the other clusters have no pods of it.",
    }),
  ];
}

/** Calls that services of the cluster would refuse if they did not only audit. */
function wouldRefuse(grants: readonly GrantPlan[], { name }: WatchedCluster): Alert[] {
  const calls = auditedCalls(grants);
  if (calls === undefined) return [];
  return [
    alert({
      alert: "LinkerdAuditWouldRefuse",
      expr: `sum by (namespace, srv_name) (${calls}) > 0`,
      for: "1m",
      severity: "warning",
      summary: `{{ $labels.srv_name }} of {{ $labels.namespace }} in ${name} would refuse {{ $value | humanize }} calls of the last ${WINDOW}`,
      description:
        "They have no grant, and `enforce: audit` lets them in. The dashboard says whose they are, and the proxies' logs " +
        "say from where. Grant them, or end them, before you write `enforce: deny`.",
    }),
  ];
}

function alert({
  severity,
  summary,
  description,
  ...rest
}: Pick<Alert, "alert" | "expr" | "for"> & Alert["labels"] & Alert["annotations"]): Alert {
  return { ...rest, labels: { severity }, annotations: { summary, description } };
}

function oneOf(names: readonly string[]): string {
  return names.join("|");
}
