import { namespaceObjects, restartObjects } from "../clusters/objects";
import type { ServiceName } from "../config/names";
import { emissaryRouting } from "../gateways/emissaryObjects";
import type { Plan } from "../plan";
import { rollingRestarts } from "../restart/objects";

/** The name of a resource, which is part of its URN. */
export interface ResourceName {
  readonly name: string;
  /** The name from before names were unambiguous, where it is not the same. */
  readonly alias?: string;
}

/**
 * Names of the resources whose names join several names: no two of a fleet have the same. Joined by dashes they
 * could: `shop/api-web` and `shop-api/web` are both `shop-api-web`. A name is joined by dashes where it is the first
 * way to read the joined name, and else by slashes, which no other name holds; so it never depends on what else is
 * deployed.
 */
export interface ResourceNames {
  /**
   * Something of one cluster. `id` joins by slashes: `shop/api-web`, `shop/web-restart`, `shop-namespace`.
   */
  readonly inCluster: (cluster: string, id: string) => ResourceName;
  /** Resource name of the link from `source` to `target`. */
  readonly link: (source: string, target: string) => ResourceName;
  /** Resource name of the access that `target` grants `source`. */
  readonly access: (target: string, source: string) => ResourceName;
  /** An object of the grant of a service. `id` begins with the port, if it is about one: `http`, `http/callers`. */
  readonly inGrant: (grant: ServiceName & { readonly cluster: string }, id: string) => ResourceName;
}

export function resourceNames(plan: Plan): ResourceNames {
  const clusters = [...plan.clusters, ...plan.neighbours].map(({ name }) => name);
  const sources = plan.accesses.map(({ source }) => source);
  const known = new Set([...clusters, ...sources]);
  const ids = new Set([
    ...plan.exports.map(({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`),
    ...plan.clusters.flatMap((cluster) => {
      const { name, gateway } = cluster;
      const emissary = gateway.enabled && gateway.kind === "emissary" ? emissaryRouting(gateway) : [];
      return [
        ...[...namespaceObjects(cluster), ...restartObjects(cluster), ...rollingRestarts(cluster)].map(
          ({ id }) => `${name}/${id}`,
        ),
        ...emissary.map(({ id }) => `${name}/emissary-${id}`),
      ];
    }),
  ]);
  const links = new Set(plan.links.map(({ source, target }) => `${source}/${target}`));
  const accesses = new Set(plan.accesses.map(({ source, target }) => `${target}/${source}`));
  const inCluster = (cluster: string, id: string) => clusterName(clusters, ids, cluster, id);
  const grants = plan.grants.map((grant) => grantName(grant, inCluster));
  return {
    inCluster,
    inGrant: (grant, id) => objectName(grants, grantName(grant, inCluster), id),
    link: (source, target) => pairName(known, links, "-to-", source, target),
    access: (target, source) => pairName(known, accesses, "-for-", target, source),
  };
}

function clusterName(
  clusters: readonly string[],
  used: ReadonlySet<string>,
  cluster: string,
  id: string,
): ResourceName {
  const parts = id.split("/");
  const alias = [cluster, ...parts].join("-");
  // The first way to read it: the longest cluster, and before the last part nothing that holds a dash.
  const [owner = cluster] = clusters
    .filter((name) => alias.startsWith(`${name}-`))
    .sort((a, b) => b.length - a.length);
  const rest = alias.slice(owner.length + 1).split("-");
  const heads = rest.slice(0, parts.length - 1);
  const first = [owner, ...heads, rest.slice(heads.length).join("-")].join("/");
  return chosen(`${cluster}/${id}`, first, alias, used);
}

function pairName(
  clusters: ReadonlySet<string>,
  used: ReadonlySet<string>,
  separator: string,
  one: string,
  other: string,
): ResourceName {
  const alias = `${one}${separator}${other}`;
  const words = alias.split(separator);
  const ways = words
    .slice(1)
    .map((_, at) => [words.slice(0, at + 1).join(separator), words.slice(at + 1).join(separator)] as const);
  const first = ways.find((way) => way.every((name) => clusters.has(name))) ?? [one, other];
  return chosen(`${one}/${other}`, first.join("/"), alias, used);
}

/** Resource name of the grant of a service. Its other name ends in the same way. */
function grantName(
  { cluster, namespace, name }: ServiceName & { readonly cluster: string },
  inCluster: ResourceNames["inCluster"],
): string {
  return `${inCluster(cluster, `${namespace}/${name}`).name}-grant`;
}

/** The port `grant-http` of `shop/web`, joined by dashes, could be the port `http` of `shop/web-grant` as well. */
function objectName(grants: readonly string[], grant: string, id: string): ResourceName {
  const [port = "", ...rest] = id.split("/");
  const alias = [grant, port, ...rest].join("-");
  if (!/(^|-)grant-/.test(port)) return { name: alias };
  const name = [grant, port, ...rest].join("/");
  const isOfAnother = grants.some(
    (other) => other !== grant && alias.startsWith(`${other}-`) && other.length > grant.length,
  );
  return isOfAnother ? { name } : { name, alias };
}

/** By dashes where that is read as it is meant. The alias is left to the one that has it as its name. */
function chosen(name: string, first: string, alias: string, used: ReadonlySet<string>): ResourceName {
  if (name === first) return { name: alias };
  return used.has(first) ? { name } : { name, alias };
}
