import { accessObjects, accessRoles } from "./access/objects";
import type { AccessPlan } from "./access/plan";
import { ACCESS_ROLES, accessScope } from "./access/role";
import { admissionObjects } from "./admission/objects";
import { namespaceObjects, restartObjects } from "./clusters/objects";
import type { ClusterPlan } from "./clusters/plan";
import {
  accessName,
  linkName,
  MULTICLUSTER_NAMESPACE,
  type ServiceName,
  VIZ_NAMESPACE,
} from "./config/names";
import { exportObjects } from "./exports/objects";
import {
  emissaryDeployment,
  emissaryPolicies,
  emissaryRouting,
  emissaryService,
} from "./gateways/emissaryObjects";
import { chartGatewayCallers, chartGatewayEgress, chartGatewayService } from "./gateways/objects";
import { grantObjects, selectorObjects } from "./grants/objects";
import {
  controlPlaneNamespace,
  extensionNamespace,
  licenseObjects,
  pullSecretObjects,
} from "./linkerd/objects";
import { WEBHOOKS } from "./linkerd/values";
import { destinationRestart, linkObjects, needsDestination } from "./links/objects";
import type { FleetObject } from "./objects/object";
import type { Labels, Plain, Text, Values } from "./objects/values";
import { observabilityObjects } from "./observability/objects";
import type { Plan } from "./plan";
import type { LinkPlan } from "./topology/plan";
import { routeObjects } from "./traffic/objects";
import {
  certManagerObjects,
  type IssuerInputs,
  issuerSecret,
  type PairInputs,
  trustRoots,
  webhookSecret,
} from "./trust/objects";

/** The concepts that have objects in a cluster: the folders that describe them. */
export const OBJECT_CONCEPTS = [
  "linkerd",
  "trust",
  "clusters",
  "access",
  "links",
  "gateways",
  "exports",
  "grants",
  "traffic",
  "admission",
  "observability",
] as const;
export type ObjectConcept = (typeof OBJECT_CONCEPTS)[number];

/** Objects of one cluster that are there for one thing. */
export interface ObjectGroup<V extends Values = Plain> {
  readonly concept: ObjectConcept;
  /** The cluster, link or service that they belong to: `us`, `us → eu`, `shop/checkout in us`. */
  readonly subject: string;
  readonly objects: readonly FleetObject<V>[];
}

/** Values that the plan does not contain: a deployment makes them, or a cluster knows them. */
export interface Known<V extends Values> {
  /** The stack file, as admission policies name it. */
  readonly stackFile: string;
  /** Base64 of a secret configuration value. */
  readonly secret: (key: string) => Text<V>;
  /** All trust anchors, in PEM. */
  readonly trustBundle: Text<V>;
  readonly issuer: IssuerInputs<V>;
  /** The certificate of a webhook, by its Service. */
  readonly webhook: (service: string) => PairInputs<V>;
  /** Name of the Secret with the token of one generation. */
  readonly tokenName: (access: AccessPlan, generation: number) => Text<V>;
  /** Base64 of the kubeconfig of a link. */
  readonly kubeconfig: (link: LinkPlan) => Text<V>;
  /** Addresses of a link's target, separated by commas. */
  readonly gatewayAddress: (link: LinkPlan) => Text<V>;
  /** Generation of the token that a link uses. */
  readonly generation: (link: LinkPlan) => number;
  /** Labels by which a Service selects its pods. */
  readonly selector: (service: ServiceName) => Labels<V>;
  /** Labels by which the Deployment of an Emissary selects its pods. */
  readonly gatewaySelector: Labels<V>;
}

/** Everything that the fleet wants in one of its own clusters, besides Helm releases. */
export function clusterObjects<V extends Values = Plain>(
  plan: Plan,
  cluster: ClusterPlan,
  known: Known<V>,
): ObjectGroup<V>[] {
  const { name, observability } = cluster;
  const isOwn = (one: { readonly cluster: string }) => one.cluster === name;
  const links = plan.links.filter(({ source }) => source === name);
  const uses = links
    .filter(needsDestination)
    .map((link) => ({ ...link, generation: known.generation(link) }));
  const ofCluster = (concept: ObjectConcept, objects: readonly FleetObject<V>[]): ObjectGroup<V> => {
    return { concept, subject: name, objects };
  };
  const ofService = (
    concept: ObjectConcept,
    { namespace, name: service }: ServiceName,
    objects: readonly FleetObject<V>[],
  ): ObjectGroup<V> => ({ concept, subject: `${namespace}/${service} in ${name}`, objects });
  return [
    ofCluster("linkerd", linkerd(cluster, known)),
    ofCluster("trust", trust(plan, cluster, known)),
    ofCluster("clusters", [...namespaceObjects(cluster), ...restartObjects(cluster)]),
    ofCluster("access", accessRoles(plan.accesses.filter(({ target }) => target === name))),
    ...plan.accesses
      .filter(({ target }) => target === name)
      .map((access) => ofAccess(access, (generation) => known.tokenName(access, generation))),
    ...links.map((link): ObjectGroup<V> => {
      const target = [...plan.clusters, ...plan.neighbours].find((one) => one.name === link.target);
      if (!target) throw new Error(`the plan has a link to '${link.target}', which it does not hold`);
      const inputs = {
        namespaces: { controlPlane: cluster.controlPlaneNamespace, multicluster: MULTICLUSTER_NAMESPACE },
        kubeconfig: known.kubeconfig(link),
        gatewayAddress: known.gatewayAddress(link),
        generation: known.generation(link),
      };
      return { concept: "links", subject: linkName(link), objects: linkObjects<V>(link, target, inputs) };
    }),
    ofCluster("links", destinationRestart<V>(uses, name, cluster.controlPlaneNamespace)),
    ofCluster("gateways", gateways(cluster, known)),
    ...plan.exports.filter(isOwn).map((one) => ofService("exports", one, exportObjects(one))),
    ...plan.grants
      .filter(isOwn)
      .map((grant) =>
        ofService("grants", grant, [
          ...selectorObjects(grant),
          ...grantObjects<V>(grant, grant.pods ?? known.selector(grant)),
        ]),
      ),
    ...plan.routes.filter(isOwn).map((route) => ofService("traffic", route, routeObjects(route))),
    ...plan.admissions
      .filter(isOwn)
      .map((admission) => ofCluster("admission", admissionObjects(admission, known.stackFile))),
    ...(observability
      ? [ofCluster("observability", observabilityObjects<V>(observability, MULTICLUSTER_NAMESPACE))]
      : []),
  ];
}

/** Objects that this stack's links need in a cluster of another stack. That stack makes them. */
export function neighbourObjects({ links }: Plan, cluster: Pick<ClusterPlan, "name">): ObjectGroup[] {
  return links
    .filter(({ target }) => target === cluster.name)
    .map(({ source, target, modes }) => {
      const scope = accessScope(modes);
      return ofAccess({ source, target, serviceAccount: accessName(source), scope, tokens: [] }, String);
    });
}

function ofAccess<V extends Values>(
  access: Pick<AccessPlan, "source" | "target" | "serviceAccount" | "scope" | "tokens">,
  tokenName: (generation: number) => Text<V>,
): ObjectGroup<V> {
  const inputs = { namespace: MULTICLUSTER_NAMESPACE, role: ACCESS_ROLES[access.scope].name, tokenName };
  return { concept: "access", subject: linkName(access), objects: accessObjects<V>(access, inputs) };
}

function linkerd<V extends Values>(cluster: ClusterPlan, { secret }: Known<V>): FleetObject<V>[] {
  const namespace = cluster.controlPlaneNamespace;
  return [
    controlPlaneNamespace(cluster),
    ...licenseObjects<V>(cluster, namespace, secret),
    ...pullSecretObjects<V>(cluster, namespace, secret),
    extensionNamespace("multicluster", cluster),
    ...pullSecretObjects<V>(cluster, MULTICLUSTER_NAMESPACE, secret),
    ...(cluster.install.viz
      ? [extensionNamespace("viz", cluster), ...pullSecretObjects<V>(cluster, VIZ_NAMESPACE, secret)]
      : []),
  ];
}

function trust<V extends Values>(
  { trust: { clusterIssuer, issuer: lifetime } }: Plan,
  cluster: ClusterPlan,
  { trustBundle, issuer, webhook }: Known<V>,
): FleetObject<V>[] {
  const { controlPlaneNamespace: namespace, trustDomain } = cluster;
  return [
    ...(clusterIssuer === undefined
      ? [trustRoots<V>(namespace, trustBundle), issuerSecret<V>(cluster, namespace, issuer)]
      : certManagerObjects<V>({ namespace, trustDomain, trustBundle, clusterIssuer, lifetime })),
    ...WEBHOOKS.map(({ service, secret }) => webhookSecret<V>(secret, namespace, webhook(service))),
  ];
}

function gateways<V extends Values>(cluster: ClusterPlan, { gatewaySelector }: Known<V>): FleetObject<V>[] {
  const { gateway } = cluster;
  if (!gateway.enabled) return [];
  if (gateway.kind === "chart") {
    return [
      ...chartGatewayService<V>(cluster, MULTICLUSTER_NAMESPACE),
      ...chartGatewayCallers<V>(cluster, MULTICLUSTER_NAMESPACE),
      ...chartGatewayEgress<V>(cluster, MULTICLUSTER_NAMESPACE),
    ];
  }
  return [
    emissaryDeployment(gateway),
    ...emissaryPolicies<V>(gateway, gatewaySelector),
    ...emissaryService(gateway),
    ...emissaryRouting(gateway),
  ];
}
