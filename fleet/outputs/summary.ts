import { createHash } from "node:crypto";
import type { ServiceName } from "../config/names";
import type { FederatedView } from "../exports/federation";
import type { GrantPlan } from "../grants/plan";
import type { Plan } from "../plan";
import { joinBundle } from "../trust/bundle";

/** Words for people and for other programs: small, public, in a stable order. */

export interface ClusterSummary<T> {
  readonly apiServer: string;
  readonly region?: string;
  readonly network?: string;
  readonly trustDomain: string;
  readonly version: string;
  readonly gateway: { readonly type: string; readonly address?: T };
}

export function describeClusters<T>(
  plan: Plan,
  gatewayAddresses: Readonly<Record<string, T>>,
): Record<string, ClusterSummary<T>> {
  return Object.fromEntries(
    plan.clusters.map(({ name, apiServer, region, network, trustDomain, install, gateway }) => {
      const address = gatewayAddresses[name];
      return [
        name,
        {
          apiServer,
          ...(region === undefined ? {} : { region }),
          ...(network === undefined ? {} : { network }),
          trustDomain,
          version: install.controlPlane.version,
          gateway: {
            type: gateway.enabled ? gateway.config.type : "none",
            ...(address === undefined ? {} : { address }),
          },
        },
      ];
    }),
  );
}

export interface LinkSummary {
  readonly source: string;
  readonly target: string;
  readonly modes: readonly string[];
  /** `active`, `draining`, or `pending`: waits for the target's stack. */
  readonly state: string;
}

export function describeLinks(plan: Plan): LinkSummary[] {
  return [
    ...plan.links.map(({ source, target, modes, state }) => ({ source, target, modes, state })),
    ...plan.pending.map(({ source, target }) => ({ source, target, modes: [], state: "pending" })),
  ];
}

export interface AccessSummary {
  readonly source: string;
  readonly target: string;
  /** Of the token that the source uses. */
  readonly generation: number;
  /** Generations of the valid tokens. More than one: the next complete deployment removes the others. */
  readonly tokens: readonly number[];
}

/** `complete`: nothing failed in this deployment, so every source uses the token it was given. */
export function describeAccesses(plan: Plan, complete: boolean): AccessSummary[] {
  return plan.accesses.map(({ source, target, generation, tokens, confirmed }) => ({
    source,
    target,
    generation,
    tokens: complete && confirmed ? [generation] : tokens,
  }));
}

export interface ServiceSummary<T> extends ServiceName {
  readonly modes: readonly string[];
  /** The clusters of this stack that serve it. */
  readonly clusters: readonly string[];
  /** Those of other stacks. */
  readonly elsewhere?: readonly string[];
  /** Those that do not for now. */
  readonly evacuated?: readonly string[];
  /** Federated: where each cluster that sees it has its ports and metadata from. */
  readonly sourceOfTruth?: Readonly<Record<string, T>>;
  /** Identities of other clusters' callers that may call some port or route of it; `*` for every meshed one, none if closed. */
  readonly callers: readonly string[];
  /** By cluster, where it cuts off callers of the cluster itself: at which ports, and who still may call. */
  readonly narrowed?: Readonly<Record<string, NarrowedCallers>>;
  /** By serving cluster and container port. `closed`: the port has a Server, and nobody of another cluster may call. */
  readonly ports: Readonly<Record<string, Readonly<Record<string, "granted" | "closed">>>>;
}

export interface NarrowedCallers {
  readonly ports: readonly (string | number)[];
  /** Mesh identities; none where nobody may. */
  readonly callers: readonly string[];
}

export function describeServices<T>(
  plan: Plan,
  sourcesOfTruth: readonly FederatedView<T>[] = [],
): ServiceSummary<T>[] {
  const services = Map.groupBy(plan.exports, ({ namespace, name, modes }) => `${namespace}/${name}/${modes}`);
  const others = Map.groupBy(
    plan.otherExports.filter(({ evacuated }) => !evacuated),
    ({ namespace, name }) => `${namespace}/${name}`,
  );
  return [...services.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const { namespace, name, modes } = first;
    const [evacuated = [], clusters = []] = [true, false].map((gone) =>
      members.filter((member) => member.evacuated === gone).map(({ cluster }) => cluster),
    );
    const elsewhere = (others.get(`${namespace}/${name}`) ?? [])
      .filter((other) => other.modes.some((mode) => modes.includes(mode)))
      .map(({ cluster }) => cluster);
    const same = (of: ServiceName) => of.namespace === namespace && of.name === name;
    const grants = plan.grants.filter((of) => same(of) && clusters.includes(of.cluster));
    const callers = grants.flatMap(({ ports }) => callersOf(ports));
    const narrowed = grants.filter(({ localChange }) => ["narrowed", "closed"].includes(localChange));
    const views = modes.includes("federated") ? sourcesOfTruth.filter(same) : [];
    return [
      {
        namespace,
        name,
        modes,
        clusters,
        ...(elsewhere.length > 0 && { elsewhere }),
        ...(evacuated.length > 0 && { evacuated }),
        ...(views.length > 0 && {
          sourceOfTruth: Object.fromEntries(views.map(({ cluster, members }) => [cluster, members])),
        }),
        callers: [...new Set(callers)].sort(),
        ...(narrowed.length > 0 && {
          narrowed: Object.fromEntries(
            narrowed.map(({ cluster, ports, local }) => [
              cluster,
              { ports: ports.map(({ port }) => port), callers: local?.identities ?? [] },
            ]),
          ),
        }),
        ports: Object.fromEntries(
          grants.map(({ cluster, ports }) => [
            cluster,
            Object.fromEntries(
              ports.map((port) => [port.port, callersOf([port]).length > 0 ? "granted" : "closed"] as const),
            ),
          ]),
        ),
      },
    ];
  });
}

function callersOf(ports: GrantPlan["ports"]): string[] {
  return ports.flatMap(({ callers, routes = [] }) => [
    ...callers,
    ...routes.flatMap((route) => route.callers),
  ]);
}

/** Bumped when the shape of the outputs changes in a way that a reader must know. */
export const PLAN_SCHEMA = 2;

export interface PlanSummary {
  readonly schema: typeof PLAN_SCHEMA;
  /** In the order of the bundle. */
  readonly anchors: readonly PlannedAnchor[];
  readonly clusters: Readonly<Record<string, PlannedCluster>>;
}

export interface PlannedAnchor {
  readonly id: string;
  /** The one that is `active` signs the issuer of every cluster. */
  readonly state: string;
  /** SHA-256 of the certificate; absent where one is generated. */
  readonly certificate?: string;
}

export interface PlannedCluster {
  readonly apiServer: string;
  readonly context?: string;
  /** Name of the secret, where the context is not looked up in the caller's own kubeconfig. */
  readonly kubeconfig?: string;
  readonly trustDomain: string;
  readonly clusterDomain: string;
  readonly controlPlaneNamespace: string;
  /** Id of the anchor that signed the issuer, where that is not the active one's. */
  readonly issuerAnchor?: string;
  readonly wave: number;
  readonly ha: boolean;
  readonly charts: { readonly crds: string; readonly controlPlane: string; readonly multicluster: string };
}

/** What was decided, besides the links and services that have outputs of their own. */
export function describePlan(plan: Plan): PlanSummary {
  return {
    schema: PLAN_SCHEMA,
    anchors: plan.trust.anchors.map(({ id, state, certificate }) => ({
      id,
      state,
      ...(certificate === undefined ? {} : { certificate: sha256(joinBundle([certificate])) }),
    })),
    clusters: Object.fromEntries(
      plan.clusters.map((cluster) => {
        const { context, kubeconfig, install } = cluster;
        return [
          cluster.name,
          {
            apiServer: cluster.apiServer,
            ...(context === undefined ? {} : { context }),
            ...(kubeconfig === undefined ? {} : { kubeconfig: kubeconfig.secret }),
            trustDomain: cluster.trustDomain,
            clusterDomain: cluster.clusterDomain,
            controlPlaneNamespace: cluster.controlPlaneNamespace,
            ...(cluster.issuer ? { issuerAnchor: cluster.issuer.anchor.id } : {}),
            wave: cluster.wave,
            ha: install.ha,
            charts: {
              crds: install.crds.version,
              controlPlane: install.controlPlane.version,
              multicluster: install.multicluster.version,
            },
          },
        ];
      }),
    ),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
