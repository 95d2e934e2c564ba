/**
 * What a service mirror makes of the Services of a target: linkerd2 `multicluster/service-mirror/cluster_watcher.go`
 * (edge-26.8.3) as a function from what is seen to what is to be done. The original follows single events; here all of
 * it is compared after each, so what the original finds when it starts, or once a minute, is found at once.
 */
import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject, V1Endpoints, V1Service, V1ServicePort } from "@kubernetes/client-node";
import type { Mode } from "../../../fleet/config/common";
import { FEDERATED_SUFFIX, MULTICLUSTER_NAMESPACE, TARGET_LABEL } from "../../../fleet/config/names";
import * as known from "../../../fleet/links/mirrors";
import type * as planned from "../../../fleet/objects/multicluster";

/** Without the name of a target, that of a cluster's own mirror, which only federates. */
export type LinkSpec = known.Selectors & Partial<Omit<planned.LinkSpec, keyof known.Selectors>>;
type List = "mirrorServices" | "federatedServices";
interface Told {
  readonly remoteRef: object;
  readonly conditions: readonly { readonly lastTransitionTime: string }[];
}
export interface Link extends KubernetesObject {
  readonly spec: LinkSpec;
  readonly status?: { readonly [list in List]?: readonly Told[] };
}

export interface Change {
  readonly verb: "create" | "replace" | "delete";
  readonly kind: "services" | "endpoints";
  readonly object: KubernetesObject;
}
/** What is to be done for one Service, and what the Link says of it once it is done. */
export interface Outcome {
  readonly changes: readonly Change[];
  readonly report?: {
    readonly list: List;
    readonly remoteRef: object;
    readonly condition: Readonly<Record<"status" | "reason" | "message", string>> & {
      readonly localRef?: object;
    };
  };
}
/** By `namespace/name`. */
type Objects<T> = ReadonlyMap<string, T>;
export interface Seen {
  readonly link: Link;
  readonly links: Objects<Link>;
  readonly remote: { readonly services: Objects<V1Service>; readonly endpoints: Objects<V1Endpoints> };
  readonly local: Seen["remote"];
  readonly namespaces: ReadonlySet<string>;
  /** What `gatewayAddress` resolves to. */
  readonly addresses: readonly string[];
}

const REMOTE_VERSION = "mirror.linkerd.io/remote-resource-version";
const OPAQUE_PORTS = "config.linkerd.io/opaque-ports";
const TOPOLOGY = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"];

export const keyOf = ({ metadata }: KubernetesObject) => `${metadata?.namespace ?? ""}/${metadata?.name}`;
const annotationsOf = ({ metadata }: KubernetesObject) => metadata?.annotations ?? {};
const membersOf = (of: KubernetesObject) => known.federatedMembers(annotationsOf(of)).map(({ text }) => text);
const takenModes = (spec: LinkSpec, service?: V1Service) =>
  known.mirroredModes(spec, service?.metadata?.labels ?? {});
const remapped = (ports: readonly V1ServicePort[] = []) =>
  ports.map(({ name = "", protocol = "TCP", port, targetPort = port }) => ({
    name,
    protocol,
    port,
    targetPort,
  }));
const copied = (texts: Readonly<Record<string, string>> = {}, excluded: readonly string[]) =>
  Object.fromEntries(
    Object.entries(texts).filter(([key]) =>
      excluded.every((one) => (one.endsWith("/*") ? !key.startsWith(one.slice(0, -2)) : key !== one)),
    ),
  );

/** A Service of the source, made of one of the target. */
function copyOf(
  spec: LinkSpec,
  { metadata = {}, spec: { ports } = {} }: V1Service,
  suffix: string,
  own: V1Service["metadata"],
) {
  const { excludedLabels = [], excludedAnnotations = [] } = spec;
  const { name, namespace = "", labels, annotations = {} } = metadata;
  const opaque = OPAQUE_PORTS in annotations ? { [OPAQUE_PORTS]: annotations[OPAQUE_PORTS] ?? "" } : {};
  const made = copied(annotations, [...excludedAnnotations, ...TOPOLOGY]);
  const marked = {
    ...copied(labels, [...excludedLabels, "mirror.linkerd.io/*"]),
    [known.MIRRORED_LABEL]: "true",
  };
  return {
    metadata: {
      ...{ name: `${name}${suffix}`, namespace, labels: { ...marked, ...own?.labels } },
      annotations: { ...made, ...opaque, ...own?.annotations },
    },
    spec: { ports: remapped(ports) },
  };
}

/** What is live, with the metadata and ports that a mirror gives it; itself if it has them. */
function updated(live: V1Service, { metadata, spec }: V1Service): V1Service {
  const { labels = {}, annotations = {} } = metadata ?? {};
  const ports = remapped(spec?.ports);
  const now = [live.metadata?.labels ?? {}, annotationsOf(live), remapped(live.spec?.ports)];
  if (isDeepStrictEqual(now, [labels, annotations, ports])) return live;
  return { ...live, metadata: { ...live.metadata, labels, annotations }, spec: { ...live.spec, ports } };
}

/** Makes or updates a Service. */
function place(
  seen: Seen,
  list: List,
  of: V1Service,
  made: V1Service,
  update: (live: V1Service) => V1Service,
): Outcome {
  const live = seen.local.services.get(keyOf(made));
  const { namespace = "" } = made.metadata ?? {};
  const reference = ({ metadata }: V1Service) => ({
    group: "core",
    kind: "Service",
    namespace,
    name: metadata?.name ?? "",
  });
  const refused = (reason: string, message: string): Outcome => ({
    changes: [],
    report: { list, remoteRef: reference(of), condition: { status: "False", reason, message } },
  });
  if (list === "federatedServices" && of.spec?.clusterIP === "None")
    return refused("InvalidService", "Headless service cannot join federated service");
  if (!live && !seen.namespaces.has(namespace))
    return refused("MissingNamespace", "Namespace does not exist");
  const object = live ? update(live) : made;
  return {
    changes: object === live ? [] : [{ verb: live ? "replace" : "create", kind: "services", object }],
    report: {
      list,
      remoteRef: reference(of),
      condition: { status: "True", reason: "Mirrored", message: "", localRef: reference(made) },
    },
  };
}

/** Endpoints at the gateway; none while the original has none. */
function lead({ link: { spec }, remote, local, addresses }: Seen, of: V1Service, made: V1Service): Change[] {
  const isEmpty = !remote.endpoints.get(keyOf(of))?.subsets?.some(({ addresses }) => addresses?.length);
  const ports = remapped(of.spec?.ports).map(({ name, protocol }) => ({
    name,
    protocol,
    port: Number(spec.gatewayPort),
  }));
  const live = local.endpoints.get(keyOf(made));
  const name = annotationsOf(made)[known.REMOTE_NAME] ?? "";
  const annotations = {
    ...(live ? annotationsOf(live) : { [known.REMOTE_NAME]: name }),
    ...(spec.gatewayIdentity ? { [known.REMOTE_IDENTITY]: spec.gatewayIdentity } : {}),
  };
  const subsets = isEmpty ? [] : [{ addresses: addresses.map((ip) => ({ ip })), ports }];
  const object: V1Endpoints = {
    ...live,
    metadata: { ...(live ?? made).metadata, annotations },
    subsets,
  };
  // API servers put addresses and ports in an order of their own.
  const comparable = (one: V1Endpoints) => [
    annotationsOf(one),
    ...(one.subsets ?? []).flatMap(({ addresses = [], ports = [] }) => [
      addresses.map(({ ip }) => ip).sort(),
      ports.map(({ name = "", port }) => `${name} ${port}`).sort(),
    ]),
  ];
  if (live && isDeepStrictEqual(comparable(live), comparable(object))) return [];
  return [{ verb: live ? "replace" : "create", kind: "endpoints", object }];
}

const isOwn = ({ metadata: { labels = {} } = {} }: V1Service, { targetClusterName }: LinkSpec) =>
  known.MIRRORED_LABEL in labels &&
  targetClusterName !== undefined &&
  labels[TARGET_LABEL] === targetClusterName;

/** The mirror of a Service: `handleRemoteServiceExported`, `handleRemoteExportedServiceUpdated`, `repairEndpoints`. */
function mirrored(seen: Seen, service: V1Service, isFlat: boolean): Outcome {
  const {
    link: { spec },
    local,
  } = seen;
  const { targetClusterName: target = "", targetClusterDomain } = spec;
  const { name = "", namespace, resourceVersion = "" } = service.metadata ?? {};
  const made = copyOf(spec, service, `-${target}`, {
    labels: {
      [TARGET_LABEL]: target,
      ...(isFlat ? { [known.DISCOVERY]: target, [known.REMOTE_SERVICE_LABEL]: name } : {}),
    },
    annotations: {
      [known.REMOTE_NAME]: `${name}.${namespace}.svc.${targetClusterDomain}`,
      [REMOTE_VERSION]: resourceVersion,
    },
  });
  const live = local.services.get(keyOf(made));
  if (live && !isOwn(live, spec)) return { changes: [] };
  const isNews = live && annotationsOf(live)[REMOTE_VERSION] !== resourceVersion;
  const { changes, report } = place(seen, "mirrorServices", service, made, (live) =>
    isNews ? updated(live, made) : live,
  );
  if (report?.condition.status !== "True") return { changes, ...(report && { report }) };
  const old = local.endpoints.get(keyOf(made));
  if (isFlat)
    return {
      report,
      changes: [...changes, ...(old ? [{ verb: "delete", kind: "endpoints", object: old } as const] : [])],
    };
  if (seen.addresses.length > 0) return { report, changes: [...changes, ...lead(seen, service, made)] };
  const message = `Failed to create mirror endpoints: Error resolving '${spec.gatewayAddress}'`;
  return { changes, report: { ...report, condition: { status: "False", reason: "Error", message } } };
}

/** The membership of a federated Service: `handleCreateFederatedService`, `handleFederatedServiceJoin`. */
function joined(seen: Seen, service: V1Service): Outcome {
  const { link, links } = seen;
  const { targetClusterName: target } = link.spec;
  const { name = "" } = service.metadata ?? {};
  const own =
    target === undefined ? { [known.LOCAL_DISCOVERY]: name } : { [known.DISCOVERY]: `${name}@${target}` };
  const made = copyOf(link.spec, service, FEDERATED_SUFFIX, { annotations: own });
  return place(seen, "federatedServices", service, made, (live) => {
    // Metadata and ports are the oldest member's: the cluster's own, or that of the oldest Link. Of two Links of one
    // second, the original takes whichever changed last, which here would never end.
    const age = ({ metadata }: Link) =>
      `${new Date(metadata?.creationTimestamp ?? 0).toISOString()} ${metadata?.name}`;
    const kept = Object.entries(annotationsOf(live)).filter(([key]) =>
      [known.DISCOVERY, known.LOCAL_DISCOVERY].includes(key),
    );
    const others = known
      .federatedMembers(annotationsOf(live))
      .map(({ cluster }) => links.get(`${MULTICLUSTER_NAMESPACE}/${cluster}`));
    const isOldest =
      !(known.LOCAL_DISCOVERY in annotationsOf(live)) && others.every((one) => !one || age(one) >= age(link));
    const of = target === undefined || isOldest ? made : live;
    const members = [...new Set([...membersOf(live), ...membersOf(made)])].join();
    const discovery = target === undefined ? own : { [known.DISCOVERY]: members };
    const annotations = { ...annotationsOf(of), ...Object.fromEntries(kept), ...discovery };
    return updated(live, { ...of, metadata: { ...of.metadata, annotations } });
  });
}

/** What does not cross any more: `handleRemoteServiceUnexported`, `handleFederatedServiceLeave`. */
function left({ link: { spec }, remote }: Seen, live: V1Service): Change[] {
  const { targetClusterName: target } = spec;
  const { name = "", namespace, labels = {} } = live.metadata ?? {};
  const original = (suffix: string) => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name);
  const crosses = (name: string, ...modes: Mode[]) =>
    takenModes(spec, remote.services.get(`${namespace}/${name}`)).some((mode) => modes.includes(mode));
  if (isOwn(live, spec)) {
    const stays = known.HEADLESS_LABEL in labels || crosses(original(`-${target}`), "gateway", "flat");
    return stays ? [] : [{ verb: "delete", kind: "services", object: live }];
  }
  const member = original(FEDERATED_SUFFIX);
  const others = membersOf(live).filter((one) => one !== `${member}@${target}`);
  const { [known.LOCAL_DISCOVERY]: own, ...rest } = annotationsOf(live);
  const isMember = target === undefined ? own === member : others.length < membersOf(live).length;
  if (!(known.MIRRORED_LABEL in labels) || !isMember || crosses(member, "federated")) return [];
  const next = target === undefined ? rest : { ...annotationsOf(live), [known.DISCOVERY]: others.join() };
  const object = { ...live, metadata: { ...live.metadata, annotations: next } };
  const isLast = others.length === 0 && (target === undefined || own === undefined);
  return [{ verb: isLast ? "delete" : "replace", kind: "services", object }];
}

/** What is to be done in the source. */
export function mirror(seen: Seen): Outcome[] {
  const crossing = [...seen.remote.services.values()].flatMap((service) => {
    const modes = takenModes(seen.link.spec, service);
    const isFlat = modes.includes("flat");
    return [
      ...(isFlat || modes.includes("gateway") ? [mirrored(seen, service, isFlat)] : []),
      ...(modes.includes("federated") ? [joined(seen, service)] : []),
    ];
  });
  return [...crossing, { changes: [...seen.local.services.values()].flatMap((live) => left(seen, live)) }];
}
