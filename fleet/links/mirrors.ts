import type { ClusterPlan } from "../clusters/plan";
import type { Mode } from "../config/common";
import { exportKey, MULTICLUSTER_NAMESPACE, TARGET_LABEL } from "../config/names";
import { selects } from "../effective/selectors";
import { isNamed } from "../exports/named";
import type { Plan } from "../plan";
import type { LinkPlan } from "../topology/plan";

/**
 * Metadata by which Linkerd takes a Service for one of another cluster, whoever wrote it (linkerd2
 * `pkg/k8s/labels.go`, `controller/api/destination/server.go`,
 * `controller/api/destination/watcher/port_publisher.go`).
 */
export const MIRRORED_LABEL = "mirror.linkerd.io/mirrored-service";
/** Label: the cluster whose pods are behind it. Annotation: the members of a federated service. */
export const DISCOVERY = "multicluster.linkerd.io/remote-discovery";
export const REMOTE_SERVICE_LABEL = "multicluster.linkerd.io/remote-service";
/** On Endpoints and EndpointSlices: the name that a gateway is asked for, and its mesh identity. */
export const REMOTE_NAME = "mirror.linkerd.io/remote-svc-fq-name";
export const REMOTE_IDENTITY = "mirror.linkerd.io/remote-gateway-identity";
/** Annotation of a federated service: its member in the cluster itself. */
export const LOCAL_DISCOVERY = "multicluster.linkerd.io/local-discovery";

export const PROBE_LABEL = "mirror.linkerd.io/mirrored-gateway";
export const HEADLESS_LABEL = "mirror.linkerd.io/headless-mirror-svc-name";
/** Of an EndpointSlice: its Service. */
const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What Linkerd follows. */
export const FOLLOWED = {
  labels: [DISCOVERY],
  annotations: [DISCOVERY, REMOTE_NAME, REMOTE_IDENTITY],
} as const;
/** What only names a mirror; the chart's probe Services have it as well. */
export const NAMING_LABELS = [MIRRORED_LABEL, TARGET_LABEL] as const;

/** Whether a Service says that it is one of other clusters. */
export function isMirror({ labels, annotations }: Metadata): boolean {
  return (
    FOLLOWED.labels.some((key) => key in labels) ||
    FOLLOWED.annotations.some((key) => key in annotations) ||
    (NAMING_LABELS.some((key) => key in labels) && !(PROBE_LABEL in labels))
  );
}

/** A member of a federated service: the Service of that name in a cluster. */
interface Member {
  readonly service: string;
  readonly cluster: string;
  /** As it is written: `<service>@<cluster>`. */
  readonly text: string;
}

/**
 * The members that a federated service has in other clusters. Linkerd follows no entry of another form (linkerd2
 * `controller/api/destination/federated_service_watcher.go`, `remoteDiscoveryIDs`).
 */
export function federatedMembers(annotations: Metadata["annotations"]): Member[] {
  return (annotations[DISCOVERY] ?? "").split(",").flatMap((text) => {
    const [service = "", cluster, ...more] = text.split("@");
    return cluster === undefined || more.length > 0 ? [] : [{ service, cluster, text }];
  });
}

/** Whether Endpoints or an EndpointSlice lead to a gateway. */
export function leadsToGateway({ annotations }: Metadata): boolean {
  return REMOTE_NAME in annotations || REMOTE_IDENTITY in annotations;
}

/** The Service of Endpoints or of an EndpointSlice. */
export function serviceNameOf({ name, labels }: Metadata): string {
  return labels[SERVICE_NAME_LABEL] ?? name;
}

/** As Kubernetes writes them; a Link's may be anybody's. */
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
/** The selectors of a Link. */
export interface Selectors {
  readonly selector?: Selector;
  readonly remoteDiscoverySelector?: Selector;
  readonly federatedServiceSelector?: Selector;
}

/**
 * The modes in which a service mirror takes a Service over a Link, by its labels alone. An empty selector takes nothing
 * (linkerd2 `multicluster/service-mirror/cluster_watcher.go`, `isExported`, `isRemoteDiscovery`,
 * `isFederatedServiceMember`).
 */
export function mirroredModes(
  { selector, remoteDiscoverySelector, federatedServiceSelector }: Selectors,
  labels: Readonly<Record<string, string>>,
): Mode[] {
  const takes = ({ matchLabels = {}, matchExpressions = [] }: Selector = {}) => {
    // To Kubernetes' own selectors, an empty list of values is none.
    const list = (values?: readonly string[]) => (values?.length ? [...values] : null);
    const expressions = matchExpressions.map((one) => ({ ...one, values: list(one.values) }));
    const isEmpty = Object.keys(matchLabels).length + expressions.length === 0;
    return !isEmpty && selects({ matchLabels, matchExpressions: expressions }, labels);
  };
  return [
    ...(takes(selector) ? (["gateway"] as const) : []),
    ...(takes(remoteDiscoverySelector) ? (["flat"] as const) : []),
    ...(takes(federatedServiceSelector) ? (["federated"] as const) : []),
  ];
}

/** What may cross into one source. */
export interface Crossing {
  readonly source: string;
  /** The targets of its links, whose gateways are probed. */
  readonly linked: readonly ClusterPlan[];
  /** Those from which services cross: not over a link that is draining. */
  readonly targets: ReadonlyMap<string, ClusterPlan>;
  /** Which exports cross to this source in some of these modes, by `exportKey`. */
  readonly inModes: (...modes: readonly Mode[]) => ReadonlySet<string>;
  /** Whether an export crosses in some of these modes, but to other clusters only. */
  readonly isHidden: (key: string, ...modes: readonly Mode[]) => boolean;
}

export function crossingInto(source: string, plan: Plan): Crossing {
  const exports = [...plan.exports, ...plan.otherExports];
  const links = plan.links.filter((link) => link.source === source);
  const among = (some: readonly LinkPlan[]) =>
    [...plan.clusters, ...plan.neighbours].filter(({ name }) => some.some(({ target }) => target === name));
  return {
    source,
    linked: among(links),
    targets: new Map(
      among(links.filter(({ state }) => state === "active")).map((cluster) => [cluster.name, cluster]),
    ),
    inModes: (...modes) =>
      new Set(
        exports
          .filter(({ modes: own, to }) =>
            own.some((mode) => modes.includes(mode) && isNamed(to?.[mode], source)),
          )
          .map(exportKey),
      ),
    isHidden: (key, ...modes) => {
      const own = exports.filter((one) => exportKey(one) === key);
      const crossing = own.flatMap((one) =>
        one.modes.filter((mode) => modes.includes(mode)).map((mode) => one.to?.[mode]),
      );
      return crossing.length > 0 && !crossing.some((to) => isNamed(to, source));
    },
  };
}

/** Why a mirror or federated Service should not be there; `undefined` if it should. */
export function undeclaredMirror(
  { name, namespace, labels, annotations }: Metadata,
  { source, targets, inModes, isHidden }: Crossing,
): string | undefined {
  const discovered = labels[DISCOVERY];
  if (discovered !== undefined) {
    const service = labels[REMOTE_SERVICE_LABEL] ?? "";
    const key = exportKey({ cluster: discovered, namespace, name: service });
    if (!targets.has(discovered)) return `leads to pods of ${discovered}, to which no link is planned`;
    if (isHidden(key, "flat")) return `leads to pods of ${discovered}, whose \`to\` does not name ${source}`;
    if (!inModes("flat").has(key))
      return `leads to pods of ${service} of ${discovered}, which does not declare it`;
  }
  const target = labels[TARGET_LABEL];
  if (target !== undefined) {
    if (!targets.has(target)) return `mirrors a service of ${target}, to which no link is planned`;
    // The Services of a headless mirror's endpoints are called after its pods.
    if (HEADLESS_LABEL in labels) return undefined;
    const service = name.slice(0, -`-${target}`.length);
    const key = exportKey({ cluster: target, namespace, name: service });
    if (isHidden(key, "gateway", "flat"))
      return `mirrors a service of ${target}, whose \`to\` does not name ${source}`;
    return inModes("gateway", "flat").has(key)
      ? undefined
      : `mirrors a service that ${target} does not declare`;
  }
  const fault = ({ service, cluster }: Member): "hidden" | "undeclared" | undefined => {
    const key = exportKey({ cluster, namespace, name: service });
    if (targets.has(cluster) && inModes("federated").has(key)) return undefined;
    return targets.has(cluster) && isHidden(key, "federated") ? "hidden" : "undeclared";
  };
  const { undeclared = [], hidden = [] } = Object.groupBy(
    federatedMembers(annotations),
    (member) => fault(member) ?? "declared",
  );
  const listed = (some: readonly Member[]) => some.map(({ text }) => text).join(", ");
  const reasons = [
    ...(undeclared.length > 0 ? [`has members that are not declared: ${listed(undeclared)}`] : []),
    ...(hidden.length > 0 ? [`has members whose \`to\` does not name ${source}: ${listed(hidden)}`] : []),
  ];
  if (reasons.length > 0) return reasons.join("; it ");
  if (REMOTE_NAME in annotations || REMOTE_IDENTITY in annotations) {
    return "says that it is a mirror service, and of no cluster";
  }
  return undefined;
}

/**
 * Why Endpoints or an EndpointSlice should not lead to a gateway; `undefined` if it should. Where they say no name,
 * the gateway is asked for that of the local Service, so only a link's own probe may do so.
 */
export function undeclaredGateway(
  metadata: Metadata,
  { source, linked, targets, inModes }: Crossing,
): string | undefined {
  const { namespace, annotations } = metadata;
  const { [REMOTE_NAME]: name, [REMOTE_IDENTITY]: identity } = annotations;
  const service = serviceNameOf(metadata);
  const isOf = ({ gateway }: ClusterPlan) =>
    gateway.enabled && (identity === undefined || identity === gateway.identity);
  const names = [...inModes("gateway")].flatMap((key) => {
    const [cluster = "", ns, exported] = key.split("/");
    const target = targets.get(cluster);
    if (!target || !isOf(target) || ns !== namespace) return [];
    return [`${exported}.${ns}.svc.${target.clusterDomain}`];
  });
  const isDeclared =
    name === undefined
      ? namespace === MULTICLUSTER_NAMESPACE &&
        linked.some((target) => isOf(target) && service === `probe-${target.name}`)
      : // That of a headless service's pod begins with the pod's name.
        names.some((full) => name === full || name.endsWith(`.${full}`));
  if (isDeclared) return undefined;
  const asked = name ?? `${service}.${namespace}`;
  const where = identity === undefined ? "a gateway" : `the gateway ${identity}`;
  return `sends callers to ${asked} through ${where}, as a mirror service does, and no link of ${source} declares that`;
}
