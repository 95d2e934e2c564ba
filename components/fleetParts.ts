import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../fleet/clusters/plan";
import { exportKey, linkKey, type ServiceName } from "../fleet/config/names";
import { type FederatedView, federatedViews, portMismatch, sourceOfTruth } from "../fleet/exports/federation";
import { destinationRestart, needsDestination } from "../fleet/links/objects";
import { type ResourceNames, resourceNames } from "../fleet/objects/resourceNames";
import type { Plan } from "../fleet/plan";
import type { CrossStackOutputs } from "../fleet/stacks/crossStack";
import type { LinkPlan } from "../fleet/topology/plan";
import { Access } from "./access/access";
import { Cluster } from "./clusters/cluster";
import { type ClusterKubeconfigs, clusterProvider } from "./clusters/provider";
import { Link, type LinkAccess } from "./links/link";
import { aliasOf, type Inputs, renderObjects } from "./objects/render";
import { Order } from "./order";
import type { CrossStackParts } from "./stacks/crossStack";
import { Trust } from "./trust/trust";

export interface FleetPartsArgs extends ClusterKubeconfigs {
  readonly plan: Plan;
  /** Name of the trust, of which a stack with several fleets has several. @default "trust" */
  readonly trustName?: string;
  /** Cross-stack outputs of the other stacks of the fleet, by their names in the plan. */
  readonly crossStack?: ReadonlyMap<string, CrossStackOutputs>;
  /** By cluster: providers of the program itself, used in the place of one of ours. */
  readonly providers?: ReadonlyMap<string, kubernetes.Provider>;
  /** By cluster: addresses of API servers that the program itself makes, in the place of the plan's. */
  readonly apiServers?: ReadonlyMap<string, pulumi.Output<string>>;
}

/**
 * The resources of the fleet, or of one stack's part of it, below its component: one trust, the clusters, and between
 * them accesses and links.
 */
export class FleetParts {
  readonly trustBundle: pulumi.Output<string>;
  /** By cluster: the addresses of its gateway; none where there is no gateway. */
  readonly gatewayAddresses: Readonly<Record<string, pulumi.Output<string>>>;
  /**
   * The sources of truth of each federated service, in each cluster that sees it: its ports and metadata are theirs.
   */
  readonly sourcesOfTruth: readonly FederatedView<pulumi.Output<readonly string[]>>[];
  /** For the other stacks of the fleet, where there are others. */
  readonly crossStackParts: CrossStackParts;

  constructor(parent: pulumi.ComponentResource, args: FleetPartsArgs) {
    const { plan, crossStack = new Map(), apiServers = new Map() } = args;
    const trust = new Trust(
      args.trustName ?? "trust",
      {
        trust: plan.trust,
        given: crossStack.get(plan.trust.from ?? ""),
        othersIssuers: plan.othersIssuers,
        secret: args.secret,
      },
      { parent },
    );
    const names = resourceNames(plan);
    const order = new Order(plan);
    const members = membersOf(parent, args, trust, names, order);

    const accesses = new Map<string, Access>();
    for (const access of plan.accesses) {
      const target = get(members, access.target);
      const key = `${access.target}/${access.source}`;
      const called = names.access(access.target, access.source);
      const { ca } = target.cluster;
      accesses.set(
        key,
        new Access(
          called.name,
          {
            access,
            namespace: target.member.multicluster.namespace.metadata.name,
            role: target.member.accessRole(access.scope),
            maxTokenAge: plan.maxTokenAge,
            ...(ca === undefined ? {} : { ca }),
          },
          { parent, providers: { kubernetes: target.provider }, ...aliasOf(called) },
        ),
      );
    }
    const destinations = new Map<string, kubernetes.core.v1.Secret[]>();
    const made = new Map<string, Link>();
    const own = (link: LinkPlan): LinkTarget => {
      const { cluster, member } = get(members, link.target);
      return {
        cluster,
        access: get(accesses, `${link.target}/${link.source}`),
        gatewayAddress: member.gatewayAddress,
        ready: [member.multicluster.release],
      };
    };
    const neighbours = new Map(plan.neighbours.map((cluster) => [cluster.name, cluster]));
    const links = plan.links.map((link) => {
      const neighbour = neighbours.get(link.target);
      return [link, neighbour ? targetInAnotherStack(link, neighbour, crossStack) : own(link)] as const;
    });
    const ordered = new Map(
      [...members].map(([cluster, { member }]) => {
        const labels = new Map([...member.exported].map(([key, { label }]) => [key, label]));
        return [cluster, { labels, routes: member.routes }];
      }),
    );
    const described = links.map(([link, target]) => {
      const source = get(members, link.source);
      const called = names.link(link.source, link.target);
      const before = order.beforeLink(link, get(ordered, link.source), ordered.get(link.target));
      const one = new Link(
        called.name,
        {
          link,
          target: target.cluster,
          apiServer: apiServers.get(link.target) ?? target.cluster.apiServer,
          access: target.access,
          gatewayAddress: target.gatewayAddress,
          // The destination controller looks at the target once, when it first sees the credentials: the target's
          // CRDs and the access must be there by then. The Link's own CRD comes with the source's chart.
          after: [source.member.multicluster.release, ...target.ready, ...before],
          namespaces: {
            controlPlane: source.member.controlPlane.namespace,
            multicluster: source.member.multicluster.namespace.metadata.name,
          },
        },
        { parent, providers: { kubernetes: source.provider }, ...aliasOf(called) },
      );
      if (one.destination)
        destinations.set(link.source, [...(destinations.get(link.source) ?? []), one.destination]);
      made.set(linkKey(link), one);
      return [link, one.link] as const;
    });
    order.settle({ clusters: ordered, links: described });
    const reading = links.filter(([link]) => needsDestination(link));
    const uses = reading.map(([{ source, target }, { access }]) => ({
      source,
      target,
      generation: access.generation,
    }));
    const restarts = new Map(
      [...members].map(([name, { member, provider }]) => {
        const restart = destinationRestart<Inputs>(uses, name, member.controlPlane.namespace);
        const dependsOn = destinations.get(name) ?? [];
        return [name, renderObjects(name, restart, { parent, provider, dependsOn }).all];
      }),
    );

    const ports = (service: ServiceName, cluster: string) =>
      get(get(members, cluster).member.exported, exportKey({ ...service, cluster })).ports;
    this.sourcesOfTruth = federatedViews(plan).map((view) => {
      const links = view.members.map(
        (member) => made.get(linkKey({ source: view.cluster, target: member }))?.created ?? "",
      );
      // The ports of another stack's Services are not known here: `npx fleet verify` compares those too.
      const own = { ...view, members: view.members.filter((member) => members.has(member)) };
      const truth = pulumi
        .all([pulumi.all(own.members.map((member) => ports(view, member))), pulumi.all(links)])
        .apply(([ports, created]) => {
          const unlike = portMismatch(own, ports);
          if (unlike !== undefined) throw new pulumi.RunError(unlike);
          return sourceOfTruth(view, created);
        });
      return { ...view, members: truth };
    });
    this.trustBundle = trust.bundle;
    this.gatewayAddresses = Object.fromEntries(
      [...members].flatMap(([cluster, { member }]) => {
        const address = member.gatewayAddress;
        return address ? [[cluster, address]] : [];
      }),
    );
    this.crossStackParts = {
      anchors: trust.anchors,
      issuers: trust.issuers,
      gateways: this.gatewayAddresses,
      accesses: plan.accesses.map((access) => [access, get(accesses, `${access.target}/${access.source}`)]),
      links: links.map(([plan, { access }]) => {
        const restart = needsDestination(plan) ? get(restarts, plan.source) : [];
        const read = [get(made, linkKey(plan)).link, ...restart];
        return { plan, generation: access.generation, read };
      }),
    };
  }
}

/** By name. Control planes go wave by wave: one is touched when all of the wave before are as they should be. */
function membersOf(
  parent: pulumi.ComponentResource,
  args: FleetPartsArgs,
  trust: Trust,
  names: ResourceNames,
  order: Order,
): Map<string, FleetMember> {
  const { plan, secret } = args;
  const exports = Map.groupBy(plan.exports, (exported) => exported.cluster);
  const grants = Map.groupBy(plan.grants, (grant) => grant.cluster);
  const routes = Map.groupBy(plan.routes, (route) => route.cluster);
  const accesses = Map.groupBy(plan.accesses, (access) => access.target);
  const admissions = new Map(plan.admissions.map((admission) => [admission.cluster, admission]));
  const members = new Map<string, FleetMember>();
  const waves = [...Map.groupBy(plan.clusters, ({ wave }) => wave)].sort(([a], [b]) => a - b);
  let waveBefore: readonly pulumi.Resource[] = [];
  const restartsBefore: pulumi.Resource[] = [];
  for (const [, clusters] of waves) {
    const releases = clusters.flatMap((cluster) => {
      const provider = args.providers?.get(cluster.name) ?? clusterProvider(cluster, args, { parent });
      const member = new Cluster(
        cluster.name,
        {
          cluster,
          exports: exports.get(cluster.name) ?? [],
          order,
          grants: grants.get(cluster.name) ?? [],
          routes: routes.get(cluster.name) ?? [],
          accesses: accesses.get(cluster.name) ?? [],
          admission: admissions.get(cluster.name),
          waveBefore,
          restartsBefore: [...restartsBefore],
          trust,
          plan: plan.trust,
          names,
          secret,
        },
        { parent, providers: { kubernetes: provider } },
      );
      members.set(cluster.name, { cluster, member, provider });
      return [member.controlPlane.release, member.multicluster.release];
    });
    waveBefore = releases;
    restartsBefore.push(...clusters.flatMap(({ name }) => get(members, name).member.restarts));
  }
  return members;
}

interface FleetMember {
  readonly cluster: ClusterPlan;
  readonly member: Cluster;
  readonly provider: kubernetes.Provider;
}

/** The inputs of a link from its target. */
interface LinkTarget {
  readonly cluster: ClusterPlan;
  readonly access: LinkAccess;
  readonly gatewayAddress: pulumi.Output<string> | undefined;
  /** Resources that must be ready before the source gets its credentials. */
  readonly ready: readonly pulumi.Resource[];
}

/** The planner makes no link before its target's stack has handed over what it needs. */
function targetInAnotherStack(
  { source, target }: LinkPlan,
  cluster: ClusterPlan,
  crossStack: ReadonlyMap<string, CrossStackOutputs>,
): LinkTarget {
  const outputs = get(crossStack, cluster.stack ?? "");
  const access = outputs.accesses[target]?.[source];
  if (!access) throw new Error(`the plan has a link from ${source} to ${target}, which grants it nothing`);
  const address = outputs.gateways[target];
  return {
    cluster,
    access: { ...access, token: pulumi.secret(access.token), caData: pulumi.output(access.caData) },
    gatewayAddress: address === undefined ? undefined : pulumi.output(address),
    ready: [],
  };
}

/** The planner names only clusters of the plan; a gap here is a defect of ours. */
function get<T>(items: ReadonlyMap<string, T>, key: string): T {
  const item = items.get(key);
  if (item === undefined) throw new Error(`the plan refers to '${key}', which it does not hold`);
  return item;
}
