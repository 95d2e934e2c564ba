import { createHash } from "node:crypto";
import type { OutputRef, SecretRef } from "../config/common";
import type { ServiceName } from "../config/names";
import type { FederatedView } from "../exports/federation";
import type { GrantPlan } from "../grants/plan";
import type { Plan } from "../plan";
import { joinBundle } from "../trust/bundle";
import {
  type AccessSummary,
  type ClusterSummary,
  type FleetOutputs,
  type LinkSummary,
  outputsSchema,
  PLAN_SCHEMA,
  type PlanSummary,
  type ServiceSummary,
} from "./schema";

/** A cluster as it is written: the address of its gateway may come from a resource. */
type DescribedCluster<T> = Omit<ClusterSummary, "gateway"> & {
  readonly gateway: { readonly type: string; readonly address?: T };
};

/** A service as it is written: its sources of truth may come from resources. */
type DescribedService<T> = Omit<ServiceSummary, "sourceOfTruth" | "narrowed"> & {
  readonly sourceOfTruth?: Readonly<Record<string, T>>;
  readonly narrowed?: ServiceSummary["narrowed"];
};

export function describeClusters<T>(
  plan: Plan,
  gatewayAddresses: Readonly<Record<string, T>>,
): Record<string, DescribedCluster<T>> {
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

export function describeLinks(plan: Plan): LinkSummary[] {
  return [
    ...plan.links.map(({ source, target, modes, state }) => ({ source, target, modes, state })),
    ...plan.pending.map(({ source, target }) => ({ source, target, modes: [], state: "pending" })),
  ];
}

/** `complete`: nothing failed in this deployment, so every source uses the token it was given. */
export function describeAccesses(plan: Plan, complete: boolean): AccessSummary[] {
  return plan.accesses.map(({ source, target, generation, tokens, confirmed }) => {
    const kept = complete && confirmed ? [generation] : tokens;
    const leaving = tokens.filter((one) => !kept.includes(one));
    return { source, target, generation, tokens: kept, ...(leaving.length > 0 ? { leaving } : {}) };
  });
}

export function describeServices<T>(
  plan: Plan,
  sourcesOfTruth: readonly FederatedView<T>[] = [],
): DescribedService<T>[] {
  const services = Map.groupBy(plan.exports, ({ namespace, name, modes, to }) =>
    JSON.stringify([namespace, name, modes, to]),
  );
  const others = Map.groupBy(
    plan.otherExports.filter(({ evacuated }) => !evacuated),
    ({ namespace, name }) => `${namespace}/${name}`,
  );
  return [...services.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const { namespace, name, modes, to } = first;
    const [evacuated = [], clusters = []] = [true, false].map((gone) =>
      members.filter((member) => member.evacuated === gone).map(({ cluster }) => cluster),
    );
    const elsewhere = (others.get(`${namespace}/${name}`) ?? [])
      .filter((other) => other.modes.some((mode) => modes.includes(mode)))
      .map(({ cluster }) => cluster);
    const same = (of: ServiceName) => of.namespace === namespace && of.name === name;
    const grants = plan.grants.filter((of) => same(of) && clusters.includes(of.cluster));
    const callers = grants.flatMap(({ ports }) => callersOf(ports));
    const audited = grants.filter(({ enforce }) => enforce === "audit").map(({ cluster }) => cluster);
    // An audit cuts off nobody.
    const narrowed = grants.filter(
      ({ localChange, cluster }) =>
        ["narrowed", "closed"].includes(localChange) && !audited.includes(cluster),
    );
    const views = modes.includes("federated") ? sourcesOfTruth.filter(same) : [];
    return [
      {
        namespace,
        name,
        modes,
        clusters,
        ...(to && { to }),
        ...(elsewhere.length > 0 && { elsewhere }),
        ...(evacuated.length > 0 && { evacuated }),
        ...(members.some(({ accrual }) => accrual === "default") && { accrual: "default" as const }),
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
        ...(audited.length > 0 && { audited }),
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

/** Where a kubeconfig is: the name of a secret, or another stack's output. */
export function describeKubeconfig(ref: SecretRef | OutputRef): string | OutputRef {
  return "secret" in ref ? ref.secret : ref;
}

/** The plan, without the links and services, which have outputs of their own. */
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
            ...(kubeconfig === undefined ? {} : { kubeconfig: describeKubeconfig(kubeconfig) }),
            trustDomain: cluster.trustDomain,
            clusterDomain: cluster.clusterDomain,
            controlPlaneNamespace: cluster.controlPlaneNamespace,
            ...(cluster.issuer ? { issuerAnchor: cluster.issuer.anchor.id } : {}),
            wave: cluster.wave,
            ha: install.ha,
            ...(cluster.restart.rolling && {
              restarts: cluster.restart.rolling.restarts.map(({ after: _, ...restart }) => restart),
            }),
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

/** The stack's outputs for a plan, as their reader returns them. */
export function plannedOutputs(plan: Plan): Pick<FleetOutputs, "plan" | "links" | "services"> {
  return outputsSchema
    .pick({ plan: true, links: true, services: true })
    .parse({ plan: describePlan(plan), links: describeLinks(plan), services: describeServices(plan) });
}
