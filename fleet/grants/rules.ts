import { isMap } from "../config/json";
import { overlap } from "../config/networks";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { isNamed } from "../exports/named";
import type { ServiceConfig } from "../exports/schema";
import { gatewayAccount } from "../gateways/plan";
import type { GrantConfig, LocalCaller } from "./schema";
import { SAME_CALLERS, sharePods } from "./sharedPods";

/** Each grant names callers that exist and that Linkerd can tell from others. */
export function grantRules(fleet: Readable): Problem[] {
  return [
    ...fleet.services.flatMap(({ path, value }) => [
      ...judgeGateway(fleet, path, value),
      ...value.ports.flatMap((port, at) =>
        value.ports.indexOf(port) === at
          ? []
          : [{ path: pathOf([...path, "ports", at]), problem: `names port ${port} again`, fix: "remove it" }],
      ),
      ...value.allow.flatMap((grant, at) => judgeGrant(fleet, [...path, "allow", at], grant, value)),
      ...(Array.isArray(value.local) ? value.local : []).flatMap(({ namespace }, at) =>
        namespace === undefined ? [noNamespace([...path, "local", at])] : [],
      ),
    ]),
    ...judgePodNetworks(fleet),
    ...contradictions(fleet),
    ...sharedPods(fleet),
  ];
}

function judgeGateway(fleet: Readable, path: readonly PropertyKey[], service: ServiceConfig): Problem[] {
  const { mode, allow, allowAnyMeshed, allowGateway, local, to } = service;
  const at = (key: string, problem: string, fix: string): Problem[] => [
    { path: pathOf([...path, key]), problem, fix },
  ];
  if (allowAnyMeshed && (allow.length > 0 || allowGateway)) {
    return at("allowAnyMeshed", "lets in everybody, whoever is named beside it", "keep only one of them");
  }
  if (allowAnyMeshed && to) {
    return at(
      "allowAnyMeshed",
      "lets in every meshed pod of every cluster, also of those that `to` does not name",
      "name callers in `allow`, use `allowGateway` for mode gateway, or remove `to`",
    );
  }
  if (mode !== "gateway") {
    if (!allowGateway) return [];
    return at(
      "allowGateway",
      `is for mode gateway: ${mode} does not pass through it`,
      "name callers in `allow`",
    );
  }
  if (allow.length > 0) {
    return at(
      "allow",
      "names callers of a gateway service, whose pods see the gateway's identity in place of the caller's",
      "use mode flat or federated, or `allowGateway: true` with clusters.<name>.gateway.allowedIdentities",
    );
  }
  if (!allowGateway && !allowAnyMeshed && (local === "keep" || local === "meshed")) {
    return at(
      "allowGateway",
      "is not set, but the gateway's pods are among the local callers, so nobody would be kept out",
      "write `allowGateway: true` to let in whom the gateway lets in, or name local callers in `local`, or none",
    );
  }
  if (allowGateway || allowAnyMeshed || !Array.isArray(local)) return [];
  return local.flatMap((caller, at) => {
    const through = service.in.find((name) => isGatewayAmong(fleet, name, caller));
    if (through === undefined) return [];
    return [
      {
        path: pathOf([...path, "local", at]),
        problem: `names the gateway of ${through}, and with it everybody whom the gateway lets in`,
        fix: "write `allowGateway: true` if that is meant, or name local callers in another namespace or with another ServiceAccount",
      },
    ];
  });
}

/** Whether pods of a cluster's gateway are among some local callers. */
function isGatewayAmong({ clusters }: Readable, name: string, caller: LocalCaller): boolean {
  const gateway = clusters.get(name)?.gateway;
  if (gateway === undefined || gateway.type === "none") return false;
  const { namespace, serviceAccount } = gatewayAccount(gateway);
  return (
    caller.namespace === namespace &&
    (caller.serviceAccount === undefined || caller.serviceAccount === serviceAccount)
  );
}

function judgeGrant(
  fleet: Readable,
  path: readonly PropertyKey[],
  grant: GrantConfig,
  service: ServiceConfig,
): Problem[] {
  const { identity, namespace, cluster, trustDomain } = grant;
  const problems: Problem[] = [];
  const add = (keys: readonly PropertyKey[], problem: string, fix: string) =>
    problems.push({ path: pathOf([...path, ...keys]), problem, fix });
  if (identity !== undefined) {
    for (const key of ["namespace", "serviceAccount", "cluster", "trustDomain"] as const) {
      if (grant[key] !== undefined) add([key], "is set together with a whole identity", "keep one of them");
    }
  } else if (namespace === undefined) {
    problems.push(noNamespace(path));
  }
  grant.ports?.forEach((port, at) => {
    if (service.ports.includes(port)) return;
    add(["ports", at], `${port} is no port of this service`, `name one of ${service.ports.join(", ")}`);
  });
  const domains = domainsOf(fleet);
  const mesh = identity === undefined ? undefined : meshOf(identity);
  const controlPlane = fleet.linkerd?.namespace ?? mesh?.controlPlane;
  if (mesh && mesh.controlPlane !== controlPlane && [...domains.values()].includes(mesh.trustDomain)) {
    add(
      ["identity"],
      `is of no pod: the control planes of the trust domain ${mesh.trustDomain} are in the namespace ${controlPlane}`,
      `write .identity.${controlPlane}.${mesh.trustDomain} at its end`,
    );
  }
  const unnamed = unnamedCallers(fleet, domains, grant, service);
  if (unnamed) {
    const fix = "add it to `to` of this service, or remove the grant";
    add([unnamed.key], `lets in callers of ${unnamed.clusters}, which \`to\` does not name`, fix);
  }
  if (cluster !== undefined && trustDomain !== undefined) {
    add(["trustDomain"], "is set together with a cluster, which has its own", "keep one of them");
  } else if (trustDomain !== undefined && ![...domains.values()].includes(trustDomain)) {
    const fix =
      "write the trust domain of a cluster, or the whole `identity` of a caller outside of this fleet";
    add(["trustDomain"], "is the trust domain of no cluster of this fleet", fix);
  } else if (cluster !== undefined) {
    const domain = domains.get(cluster);
    const other = [...domains].find(([name, theirs]) => name !== cluster && theirs === domain);
    if (domain !== undefined && other) {
      add(
        ["cluster"],
        `shares the trust domain ${domain} with ${other[0]}: ServiceAccounts of one name are one identity there`,
        `give ${cluster} a trustDomain of its own, or leave the cluster out to mean all of them`,
      );
    }
  }
  return problems;
}

interface UnnamedCallers {
  readonly key: "cluster" | "trustDomain" | "identity";
  readonly clusters: string;
}

/** Callers of the fleet that see no such service, because `to` names none of the clusters that they can be of. */
function unnamedCallers(
  { clusterNames }: Readable,
  domains: ReadonlyMap<string, string>,
  { cluster, trustDomain, identity }: GrantConfig,
  { to }: ServiceConfig,
): UnnamedCallers | undefined {
  const unnamed = (key: UnnamedCallers["key"], clusters: readonly string[]) =>
    clusters.length === 0 || clusters.some((name) => isNamed(to, name))
      ? undefined
      : { key, clusters: clusters.join(" and ") };
  const having = (domain: string | undefined) =>
    [...domains].flatMap(([name, of]) => (of === domain ? [name] : []));
  if (cluster !== undefined) return unnamed("cluster", clusterNames.has(cluster) ? [cluster] : []);
  // One that could not be read may have that trust domain, too.
  if (domains.size < clusterNames.size) return undefined;
  if (trustDomain !== undefined) return unnamed("trustDomain", having(trustDomain));
  return unnamed("identity", having(identity && meshOf(identity)?.trustDomain));
}

/** As `identityName` joins them: only the trust domain has dots. */
function meshOf(
  identity: string,
): { readonly controlPlane: string; readonly trustDomain: string } | undefined {
  const [, controlPlane, trustDomain] = /\.serviceaccount\.identity\.([^.]+)\.(.+)$/.exec(identity) ?? [];
  return controlPlane === undefined || trustDomain === undefined ? undefined : { controlPlane, trustDomain };
}

function noNamespace(path: readonly PropertyKey[]): Problem {
  return {
    path: pathOf([...path, "namespace"]),
    problem: "is missing: a caller is known by its namespace",
    fix: "add the namespace of the callers",
  };
}

/** A cluster's own callers are known by their addresses, which pods of a flat network must not share. */
function judgePodNetworks(fleet: Readable): Problem[] {
  const { clusters, services } = fleet;
  const exporters = services.flatMap(({ value: { local, in: names } }) => (local === "none" ? [] : names));
  return [...new Set(exporters)].flatMap((name) => {
    const cluster = clusters.get(name);
    const neighbours = [...clusters].filter(
      ([other, { network }]) => other !== name && network !== undefined && network === cluster?.network,
    );
    if (!cluster || neighbours.length === 0) return [];
    const path = pathOf(["clusters", name, "podNetworks"]);
    if (cluster.podNetworks === undefined) {
      if (fleet.isUnread(["clusters", name, "podNetworks"])) return [];
      return [
        {
          path,
          problem: `is missing: ${name} exports a service to the pods of its network and keeps its own callers`,
          fix: "write the networks of its own pods, for example [10.1.0.0/16], or `local: none` in its services",
        },
      ];
    }
    const shared = neighbours.find(([, { podNetworks = [] }]) =>
      podNetworks.some((theirs) => cluster.podNetworks?.some((ours) => overlap(ours, theirs))),
    );
    if (!shared) return [];
    const fix = "write only the networks of this cluster's own pods";
    return [{ path, problem: `overlaps the pod networks of ${shared[0]}, on the same network`, fix }];
  });
}

/**
 * Settings for callers of a Service are the same for all its members: a federated service takes them from one member.
 */
const FOR_CALLERS = ["ports", "protocol", "failureAccrual", "loadBiaser", "timeouts", "retries"] as const;

/** One Service has one set of pods, ports and local callers, however often it is listed. */
function contradictions({ services }: Readable): Problem[] {
  return services.flatMap(({ path, value }, at) => {
    const others = services
      .slice(0, at)
      .filter((other) => other.value.namespace === value.namespace && other.value.name === value.name);
    const one = others.find((other) => other.value.in.some((cluster) => value.in.includes(cluster)));
    const member = others.find((other) => value.mode === "federated" && other.value.mode === "federated");
    const other = one ?? member;
    if (!other) return [];
    return [...FOR_CALLERS, ...(one ? (["pods", "local", "probes", "enforce"] as const) : [])]
      .filter((key) => canonical(other.value[key]) !== canonical(value[key]))
      .map((key) => ({
        path: pathOf([...path, key]),
        problem: `contradicts ${pathOf(other.path)}, which lists the same Service`,
        fix: "write the same in both",
      }));
  });
}

/** The same text for the same setting: neither keys nor lists of a service have an order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).filter(([, of]) => of !== undefined);
  return `{${entries
    .map(([key, of]) => `${JSON.stringify(key)}:${canonical(of)}`)
    .sort()
    .join()}}`;
}

/** Two Services of the same pods would have a Server each for one port, of which Linkerd follows the older. */
function sharedPods({ services }: Readable): Problem[] {
  return services.flatMap(({ path, value: one }, at) => {
    const other = services
      .slice(0, at)
      .find(
        ({ value }) =>
          value.namespace === one.namespace &&
          value.name !== one.name &&
          value.in.some((cluster) => one.in.includes(cluster)) &&
          one.pods !== undefined &&
          value.pods !== undefined &&
          sharePods(one.pods, value.pods) &&
          one.ports.some(
            (port) => value.ports.includes(port) && accessTo(one, port) !== accessTo(value, port),
          ),
      );
    if (!other) return [];
    return [
      {
        path: pathOf([...path, "pods"]),
        problem: `selects pods of ${pathOf(other.path)}, which lets in others at the same port: Linkerd follows only one of them`,
        fix: SAME_CALLERS,
      },
    ];
  });
}

/** What an entry says of one port, in one form. */
function accessTo(service: ServiceConfig, port: ServiceConfig["ports"][number]): string {
  const { allow, allowGateway, allowAnyMeshed, local, protocol, probes, enforce } = service;
  const callers = allow
    .filter(({ ports }) => ports?.includes(port) ?? true)
    .map(({ ports: _, ...who }) => JSON.stringify(who))
    .sort();
  return JSON.stringify([callers, allowGateway, allowAnyMeshed, local, protocol, probes, enforce]);
}

function domainsOf({ clusters, trust }: Readable): Map<string, string> {
  return new Map(
    [...clusters].map(([name, { trustDomain }]) => [name, trustDomain ?? trust?.domain ?? "cluster.local"]),
  );
}
