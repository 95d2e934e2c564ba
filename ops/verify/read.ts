import { CREDENTIALS_TYPE } from "../../fleet/access/credentials";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import {
  credentialsName,
  exportKey,
  linkName,
  MULTICLUSTER_NAMESPACE,
  TOKEN_TYPE,
  VIZ_NAMESPACE,
} from "../../fleet/config/names";
import { type Cluster, indexed } from "../../fleet/effective/cluster";
import { EXPORT_KEYS } from "../../fleet/exports/labels";
import { gatewayPlace } from "../../fleet/gateways/plan";
import { NEEDED_CRDS } from "../../fleet/linkerd/gatewayApi";
import { isMirror, leadsToGateway, MIRRORED_LABEL, serviceNameOf } from "../../fleet/links/mirrors";
import type { FleetOutputs } from "../../fleet/outputs/schema";
import type { Plan } from "../../fleet/plan";
import { ISSUER_SECRET, TRUST_ROOTS } from "../../fleet/trust/objects";
import { meshedPodsPath, podShape } from "../../fleet/trust/pods";
import { inParallel, type LiveCluster, type PolicyRules, type Read } from "../../live/cluster";
import * as shapes from "../../live/shapes";
import { readState } from "../access/read";
import { parseCredentials } from "./credentials";
import { namedObjects, type ObjectReads, readObjects, remembering } from "./objects";

/** A fleet as planned and as found: all that the checks look at. */
export interface FleetState {
  readonly plan: Plan;
  /** What the stack was left with by its last `pulumi up`. */
  readonly outputs: FleetOutputs;
  readonly now: Date;
  readonly members: ReadonlyMap<string, Member>;
  /** The clusters of other stacks that links lead to. */
  readonly neighbours: ReadonlyMap<string, TargetMember>;
  /** By cluster: what was found of every object that the fleet wants there. */
  readonly objects: ReadonlyMap<string, ObjectReads>;
  /** By cluster of the plan: everything that decides who reaches what there. */
  readonly effective: ReadonlyMap<string, Read<Cluster>>;
  /** For each link, by `linkName`: what the target lets the source's token do in its multicluster namespace. */
  readonly rights: ReadonlyMap<string, Read<PolicyRules>>;
}

/** One cluster of the plan, and some or all of what can be read of it. */
export interface Member<Part extends keyof Facts = keyof Facts> {
  readonly cluster: ClusterPlan;
  readonly found: Pick<Facts, Part>;
}

/** What a link is judged by in its target. */
const TARGET_FACTS = [
  "accounts",
  "accessRoles",
  "bindings",
  "clusterBindings",
  "clusterCa",
  "declared",
  "gateway",
  "gatewayDeployment",
  "version",
] as const satisfies readonly (keyof Facts)[];
export type TargetMember = Member<(typeof TARGET_FACTS)[number]>;

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const POLICY = "/apis/policy.linkerd.io";
/** Clusters read at a time; each takes a few connections and most of a second. */
const CLUSTERS = 16;
/** A part that this cluster is not meant to have. */
const NOTHING = Promise.resolve({ state: "missing" } as const);

const core = (namespace: string) => `/api/v1/namespaces/${namespace}`;
const labels = (selector: string) => `labelSelector=${encodeURIComponent(selector)}`;
const releases = (namespace: string) =>
  `${core(namespace)}/secrets?${labels("owner=helm,status in (deployed,pending-install,pending-upgrade,pending-rollback,uninstalling)")}`;
const secretsOf = (namespace: string, type: string) =>
  `${core(namespace)}/secrets?fieldSelector=${encodeURIComponent(`type=${type}`)}`;
const configMap = (cluster: ClusterPlan, name: string) =>
  `${core(cluster.controlPlaneNamespace)}/configmaps/${name}`;
const webhook = (kind: "mutating" | "validating", service: string) =>
  `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${service}-webhook-config`;

const accessTokens = (live: LiveCluster) =>
  live.list(secretsOf(MULTICLUSTER_NAMESPACE, TOKEN_TYPE), shapes.token);

/** Services of one sort. All are read at once, because who reaches what depends on every Service. */
async function services(
  live: LiveCluster,
  isWanted: (metadata: shapes.Metadata) => boolean,
): Promise<Read<shapes.Service[]>> {
  const all = await live.list("/api/v1/services", shapes.service);
  if (all.state !== "found") return all;
  return { state: "found", value: all.value.filter(({ metadata }) => isWanted(metadata)) };
}

const ENDPOINTS = {
  Endpoints: "/api/v1/endpoints",
  EndpointSlice: "/apis/discovery.k8s.io/v1/endpointslices",
} as const;

/** What leads callers to a gateway, of either kind: a control plane follows the one or the other. */
async function gatewayEndpoints(
  live: LiveCluster,
): Promise<Read<{ readonly kind: keyof typeof ENDPOINTS; readonly metadata: shapes.Metadata }[]>> {
  const [endpoints, slices] = await Promise.all([
    live.list(ENDPOINTS.Endpoints, shapes.plain),
    live.list(ENDPOINTS.EndpointSlice, shapes.plain),
  ]);
  if (endpoints.state === "failed") return endpoints;
  if (slices.state === "failed") return slices;
  const leading = (kind: keyof typeof ENDPOINTS, read: Read<shapes.Plain[]>) =>
    (read.state === "found" ? read.value : [])
      .filter(({ metadata }) => leadsToGateway(metadata))
      .map(({ metadata }) => ({ kind, metadata }));
  const own = leading("Endpoints", endpoints);
  // Kubernetes makes a copy of Endpoints without a selector, with their annotations.
  const named = new Set(own.map(({ metadata }) => `${metadata.namespace}/${serviceNameOf(metadata)}`));
  const others = leading("EndpointSlice", slices).filter(
    ({ metadata }) => !named.has(`${metadata.namespace}/${serviceNameOf(metadata)}`),
  );
  return { state: "found", value: [...own, ...others] };
}

/** What is read of one cluster, part by part. Each is one request, or a few of a kind. */
const FACTS = {
  version: (live) => live.get("/version", shapes.version),
  policyKinds: (live) => live.get("/apis/policy.linkerd.io/v1alpha1", shapes.served),
  serverKind: (live) => live.get("/apis/policy.linkerd.io/v1beta3", shapes.served),
  linkKind: (live) => live.get("/apis/multicluster.linkerd.io/v1alpha3", shapes.served),
  /** Where a file of the project brings it. */
  gatewayApi: (live, { install }) =>
    typeof install.gatewayApi === "string"
      ? NOTHING
      : live.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${NEEDED_CRDS[0]}`, shapes.plain),
  routeKinds: (live) => live.get("/apis/gateway.networking.k8s.io/v1", shapes.served),
  controlPlaneReleases: (live, cluster) => live.list(releases(cluster.controlPlaneNamespace), shapes.release),
  multiclusterReleases: (live) => live.list(releases(MULTICLUSTER_NAMESPACE), shapes.release),
  vizReleases: (live, { install }) =>
    install.viz ? live.list(releases(VIZ_NAMESPACE), shapes.release) : NOTHING,
  controlPlane: (live, cluster) =>
    live.list(`/apis/apps/v1/namespaces/${cluster.controlPlaneNamespace}/deployments`, shapes.deployment),
  /** Of all namespaces: an older install may have service mirrors elsewhere. */
  extension: (live) =>
    live.list(`/apis/apps/v1/deployments?${labels("linkerd.io/extension=multicluster")}`, shapes.deployment),
  trustRoots: (live, cluster) => live.get(configMap(cluster, TRUST_ROOTS), shapes.configMap),
  linkerdConfig: (live, cluster) => live.get(configMap(cluster, "linkerd-config"), shapes.configMap),
  clusterCa: (live, cluster) => live.get(configMap(cluster, "kube-root-ca.crt"), shapes.configMap),
  /** The webhooks' certificates and the issuer, which after a `linkerd install` is of the type `Opaque`, for good. */
  tlsSecrets: async (live, { controlPlaneNamespace: namespace }): Promise<Read<shapes.Secret[]>> => {
    const [typed, issuer] = await Promise.all([
      live.list(secretsOf(namespace, "kubernetes.io/tls"), shapes.secret),
      live.get(`${core(namespace)}/secrets/${ISSUER_SECRET}`, shapes.secret),
    ]);
    if (typed.state !== "found" || issuer.state === "missing") return typed;
    if (issuer.state === "failed") return issuer;
    const others = typed.value.filter(({ metadata }) => metadata.name !== ISSUER_SECRET);
    return { state: "found", value: [...others, issuer.value] };
  },
  injector: (live) => live.get(webhook("mutating", "linkerd-proxy-injector"), shapes.webhook),
  profileValidator: (live) => live.get(webhook("validating", "linkerd-sp-validator"), shapes.webhook),
  policyValidator: (live) => live.get(webhook("validating", "linkerd-policy-validator"), shapes.webhook),
  destinationCredentials: (live, cluster) =>
    live.list(secretsOf(cluster.controlPlaneNamespace, CREDENTIALS_TYPE), shapes.secret),
  mirrorCredentials: (live) => live.list(secretsOf(MULTICLUSTER_NAMESPACE, CREDENTIALS_TYPE), shapes.secret),
  meshedPods: (live, { controlPlaneNamespace }) => live.list(meshedPodsPath(controlPlaneNamespace), podShape),
  accessTokens: (live) => accessTokens(live),
  /** The same, only where somebody wants to know how old they are. */
  agingTokens: (live, _, { maxTokenAge }) => (maxTokenAge === undefined ? NOTHING : accessTokens(live)),
  accounts: (live) => live.list(`${core(MULTICLUSTER_NAMESPACE)}/serviceaccounts`, shapes.plain),
  accessRoles: (live) =>
    live.list(`${RBAC}/clusterroles?${labels("linkerd.io/extension=multicluster")}`, shapes.role),
  clusterBindings: (live) => live.list(`${RBAC}/clusterrolebindings`, shapes.binding),
  bindings: (live) => live.list(`${RBAC}/rolebindings`, shapes.binding),
  roles: (live) => live.list(`${RBAC}/namespaces/${MULTICLUSTER_NAMESPACE}/roles`, shapes.plain),
  links: (live) => live.list(shapes.LINKS, shapes.link),
  leases: (live) => live.list(shapes.LEASES, shapes.lease),
  probes: (live) => services(live, ({ labels }) => labels["mirror.linkerd.io/mirrored-gateway"] === "true"),
  /** The Services that the plan exports here, of those that exist. */
  declared: (live, { name }, { exports, otherExports }) => {
    const own = new Set(
      [...exports, ...otherExports].filter(({ cluster }) => cluster === name).map(exportKey),
    );
    return services(live, (metadata) => own.has(exportKey({ ...metadata, cluster: name })));
  },
  exported: (live) => services(live, ({ labels }) => EXPORT_KEYS[0] in labels),
  federated: (live) => services(live, ({ labels }) => EXPORT_KEYS[1] in labels),
  mirrors: (live) => services(live, isMirror),
  mirrorEndpoints: (live) =>
    live.list(`/api/v1/endpoints?${labels(`${MIRRORED_LABEL}=true`)}`, shapes.endpoints),
  gatewayEndpoints: (live) => gatewayEndpoints(live),
  gateway: (live, { gateway }) => {
    if (!gateway.enabled) return NOTHING;
    const { namespace, service } = gatewayPlace(gateway);
    return live.get(`${core(namespace)}/services/${service}`, shapes.service);
  },
  gatewayDeployment: (live, { gateway }) => {
    if (!gateway.enabled) return NOTHING;
    const { namespace, deployment } = gatewayPlace(gateway);
    return live.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`, shapes.deployment);
  },
  meshTls: (live) => live.list(`${POLICY}/v1alpha1/meshtlsauthentications`, shapes.custom),
  networks: (live) => live.list(`${POLICY}/v1alpha1/networkauthentications`, shapes.custom),
} satisfies Record<string, (live: LiveCluster, cluster: ClusterPlan, plan: Plan) => Promise<Read<unknown>>>;

export type Facts = { readonly [K in keyof typeof FACTS]: Awaited<ReturnType<(typeof FACTS)[K]>> };

const ALL_FACTS = Object.keys(FACTS) as (keyof Facts)[];

/** Reads the given parts of some clusters, all of the plan's by default, all at the same time. */
export async function readMembers<Part extends keyof Facts>(
  plan: Plan,
  live: ReadonlyMap<string, LiveCluster>,
  parts: readonly Part[],
  done: (cluster: string) => void = () => undefined,
  clusters: readonly ClusterPlan[] = plan.clusters,
): Promise<Map<string, Member<Part>>> {
  const members = await inParallel(clusters, CLUSTERS, async (cluster) => {
    const from = remembering(opened(live, cluster));
    const read = await Promise.all(
      parts.map(async (part) => [part, await FACTS[part](from, cluster, plan)] as const),
    );
    done(cluster.name);
    return [cluster.name, { cluster, found: Object.fromEntries(read) as Pick<Facts, Part> }] as const;
  });
  return new Map(members);
}

interface ReadOptions {
  readonly done?: (cluster: string) => void;
  /** Pods that ask for a proxy count as if they had one. @default false */
  readonly asInjected?: boolean;
}

/** Reads all that the checks look at. Nothing is changed, and no error is thrown: what could not be read says so. */
export async function readFleet(
  plan: Plan,
  outputs: FleetOutputs,
  live: ReadonlyMap<string, LiveCluster>,
  { done, asInjected = false }: ReadOptions = {},
): Promise<FleetState> {
  const once = new Map([...live].map(([name, cluster]) => [name, remembering(cluster)]));
  const [members, neighbours, objects, effective] = await Promise.all([
    readMembers(plan, once, ALL_FACTS, done),
    readMembers(plan, once, TARGET_FACTS, done, plan.neighbours),
    inParallel([...plan.clusters, ...plan.neighbours], CLUSTERS, async (cluster) => {
      const from = opened(once, cluster);
      return [cluster.name, await readObjects(from, namedObjects(plan, cluster))] as const;
    }),
    inParallel(plan.clusters, CLUSTERS, async (cluster) => {
      const read = await readState(opened(once, cluster), cluster, asInjected);
      const found = read.state === "found" ? { ...read, value: indexed(read.value) } : read;
      return [cluster.name, found] as const;
    }),
  ]);
  const rights = await Promise.all(
    plan.links.map(async ({ source, target }) => {
      const token = tokenOf(members.get(source), target);
      const at = live.get(target);
      const read: Read<PolicyRules> =
        token === undefined || !at ? { state: "missing" } : await at.rulesOf(token, MULTICLUSTER_NAMESPACE);
      return [linkName({ source, target }), read] as const;
    }),
  );
  return {
    ...{ plan, outputs, now: new Date(), members, neighbours },
    ...{ objects: new Map(objects), effective: new Map(effective), rights: new Map(rights) },
  };
}

function opened(live: ReadonlyMap<string, LiveCluster>, { name }: ClusterPlan): LiveCluster {
  const cluster = live.get(name);
  if (!cluster) throw new Error(`cluster ${name} was not opened`);
  return cluster;
}

/** The token with which a source reads a target. */
export function tokenOf(source: Member | undefined, target: string): string | undefined {
  const secrets = source?.found.mirrorCredentials;
  if (secrets?.state !== "found") return undefined;
  const secret = secrets.value.find(({ metadata }) => metadata.name === credentialsName(target));
  return parseCredentials(secret)?.token;
}
