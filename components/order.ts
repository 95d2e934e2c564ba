import type * as pulumi from "@pulumi/pulumi";
import { exportKey, linkKey } from "../fleet/config/names";
import { crossingModes } from "../fleet/exports/named";
import type { ExportPlan } from "../fleet/exports/plan";
import type { Plan } from "../fleet/plan";
import type { LinkPlan } from "../fleet/topology/plan";
import type { RoutePlan } from "../fleet/traffic/plan";

/** What a cluster makes that others wait for. */
export interface Ordered {
  /** By `exportKey`. */
  readonly labels: ReadonlyMap<string, pulumi.Resource>;
  readonly routes: readonly (readonly [RoutePlan, pulumi.Resource])[];
}

interface Described {
  readonly clusters: ReadonlyMap<string, Ordered>;
  readonly links: readonly (readonly [LinkPlan, pulumi.Resource])[];
}

/**
 * The order between clusters, where a step needs one. No resource waits in a circle: a route waits only for what
 * comes, and what comes waits for no route.
 */
export class Order {
  private readonly described = Promise.withResolvers<Described>();
  private readonly coming: ReadonlySet<string>;
  private readonly leaving: ReadonlySet<string>;

  constructor(private readonly plan: Pick<Plan, "labelOrder" | "routeOrder">) {
    this.coming = new Set(plan.routeOrder.coming);
    this.leaving = new Set(plan.routeOrder.leaving);
  }

  /** Once everything is described: who waits for a resource of another cluster waits until then. */
  settle(described: Described): void {
    this.described.resolve(described);
  }

  /**
   * Before a label: the service mirrors that select its new value by name, that of the cluster itself (`own`) among
   * them; the routes that led to the mirrors that go with it.
   */
  beforeLabel(exported: ExportPlan, own: pulumi.Resource): Promise<pulumi.Resource[]> | undefined {
    const key = exportKey(exported);
    const linksFirst = this.linksFirst(key);
    const routesFirst = this.leaving.has(key);
    if (!linksFirst && !routesFirst) return undefined;
    return this.described.promise.then(({ clusters, links }) => [
      ...(linksFirst ? [own, ...selecting(links, exported)] : []),
      ...(routesFirst ? routesTo(clusters, exported) : []),
    ]);
  }

  /** Before a route: the labels and Links that make the mirrors to which it leads from now on. */
  beforeRoute({ cluster, namespace, name, backends }: RoutePlan): Promise<pulumi.Resource[]> | undefined {
    const others = backends.filter((backend) => backend.cluster !== cluster);
    const labels = others
      .map((backend) => exportKey({ cluster: backend.cluster, namespace, name }))
      .filter((key) => this.coming.has(key) && !this.linksFirst(key));
    const wanted = new Set(
      others
        .map(({ cluster: target }) => linkKey({ source: cluster, target }))
        .filter((key) => this.coming.has(key)),
    );
    if (labels.length === 0 && wanted.size === 0) return undefined;
    return this.described.promise.then(({ clusters, links }) => [
      ...[...clusters.values()].flatMap((of) => labels.flatMap((key) => of.labels.get(key) ?? [])),
      ...links.filter(([link]) => wanted.has(linkKey(link))).map(([, resource]) => resource),
    ]);
  }

  /** Before a Link: the labels that it stops to select by name; the routes over it, where it begins to drain. */
  beforeLink(link: LinkPlan, source: Ordered, target: Ordered | undefined): pulumi.Resource[] {
    return [
      ...[...(target?.labels ?? [])].flatMap(([key, label]) =>
        this.plan.labelOrder[key] === "label-first" ? [label] : [],
      ),
      ...(this.leaving.has(linkKey(link)) ? source.routes.map(([, resource]) => resource) : []),
    ];
  }

  private linksFirst(key: string): boolean {
    return this.plan.labelOrder[key] === "links-first";
  }
}

function selecting(links: Described["links"], exported: ExportPlan): pulumi.Resource[] {
  return links
    .filter(([link]) => link.target === exported.cluster && crossingModes(exported, link).length > 0)
    .map(([, resource]) => resource);
}

function routesTo(
  clusters: Described["clusters"],
  { cluster, namespace, name }: ExportPlan,
): pulumi.Resource[] {
  return [...clusters].flatMap(([source, { routes }]) =>
    routes
      .filter(([route]) => source !== cluster && route.namespace === namespace && route.name === name)
      .map(([, resource]) => resource),
  );
}
