import { EXPORT_KEYS, meaningOf } from "../../fleet/exports/labels";
import type { JudgedFleet } from "../fleet";
import type { PreviewValue } from "../previewValue";
import {
  AUTHORIZATION_POLICY,
  HTTP_ROUTE,
  MESH_TLS,
  NETWORK,
  objectName,
  objectNamespace,
  type Resource,
  SERVER,
  SERVICE,
} from "../resource";
import { type FleetRule, NONE } from "../rule";

interface Exported {
  readonly cluster: string | undefined;
  readonly namespace: string;
  readonly name: string;
  /** With `to`, where only the Links that name it select it. */
  readonly mode: string;
  readonly resource: Resource;
}

/** Every label that lets a service cross. A value that Linkerd does not know has a mode of its own. */
function exportsOf(fleet: JudgedFleet): Exported[] {
  return fleet.ofType(SERVICE).flatMap((resource) => {
    const [namespace, name] = [objectNamespace(resource), objectName(resource)];
    const labels = resource.properties.at("metadata", "labels");
    if (namespace === undefined || name === undefined) return [];
    return labels.keys
      .filter((key) => LABEL_KEYS.has(key))
      .flatMap((key) => {
        const value = labels.at(key).text;
        if (value === undefined) return [];
        const meaning = meaningOf({ namespace, name }, key, value);
        const mode = meaning ? modeWords(meaning.mode, meaning.named) : `${key}=${value}`;
        return [{ cluster: resource.cluster, namespace, name, mode, resource }];
      });
  });
}

const LABEL_KEYS = new Set<string>(EXPORT_KEYS);

function modeWords(mode: string, named: boolean): string {
  return named ? `${mode}, to named clusters` : mode;
}

/** The Servers of an exported service; `undefined` where one of its cluster does not tell yet whose it is. */
function serversOf(fleet: JudgedFleet) {
  const label = ["metadata", "labels", "linkerd-fleet/service"];
  const unsure = new Set<string | undefined>();
  const servers = Map.groupBy(fleet.ofType(SERVER), (server) => {
    const service = server.properties.at(...label);
    if (service.isUnknown || server.properties.at("metadata", "namespace").isUnknown)
      unsure.add(server.cluster);
    return [server.cluster, objectNamespace(server), service.text].join("/");
  });
  return (cluster: string | undefined, namespace: string, name: string): readonly Resource[] | undefined =>
    unsure.has(cluster) ? undefined : (servers.get([cluster, namespace, name].join("/")) ?? []);
}

export const exportsDeclared: FleetRule = {
  name: "exports-declared",
  description: "Only declared services carry a label that lets them cross, to the clusters that they name.",
  severity: "critical",
  remediation: "Declare the service, its clusters, its mode and `to` in `services`, or remove the label.",
  settings: NONE,
  *judge(fleet) {
    if (!fleet.services) return;
    const declared = new Set(
      fleet.services.flatMap(({ namespace, name, modes, clusters, to }) =>
        clusters.flatMap((cluster) =>
          modes.map((one) => [cluster, namespace, name, modeWords(one, !to.at(one).isAbsent)].join("/")),
        ),
      ),
    );
    for (const { cluster, namespace, name, mode: one, resource } of exportsOf(fleet)) {
      if (!declared.has([cluster, namespace, name, one].join("/"))) {
        yield { problem: `${namespace}/${name} of ${cluster} crosses undeclared (${one})`, of: resource };
      }
    }
  },
};

export const exportsGoverned: FleetRule = {
  name: "exports-governed",
  description:
    "Every port of an exported service has a Server that closes it and, if it has callers, a policy for them whose " +
    "authentications exist.",
  severity: "critical",
  remediation: "Write the service's ports in `services`; grants are made with it.",
  settings: NONE,
  *judge(fleet) {
    const servers = serversOf(fleet);
    const opened = openedServers(fleet);
    for (const { cluster, namespace, name, resource } of exportsOf(fleet)) {
      const own = servers(cluster, namespace, name);
      if (own?.length === 0) {
        yield { problem: `${namespace}/${name} of ${cluster} crosses and no Server closes it`, of: resource };
      }
      if (!own || own.length === 0 || own.some((server) => portOf(server) === undefined)) continue;
      const ports = declaredPorts(fleet, { cluster, namespace, name });
      for (const port of ports?.keys ?? []) {
        const server = own.find((one) => portOf(one) === port);
        if (!server) {
          yield {
            problem: `${namespace}/${name} of ${cluster} has no Server for its port ${port}`,
            of: resource,
          };
        } else if (ports?.at(port).text === "granted" && opened(server) === false) {
          yield { problem: `no policy lets callers of other clusters in, who have a grant`, of: server };
        }
      }
    }
    // Linkerd compares kinds without regard to case.
    const key = (of: Resource, kind: string, name: string | undefined, namespace = objectNamespace(of)) =>
      [of.cluster, namespace, kind.toLowerCase(), name].join("/");
    const authentications = new Set([
      ...fleet.ofType(MESH_TLS).map((of) => key(of, "MeshTLSAuthentication", objectName(of))),
      ...fleet.ofType(NETWORK).map((of) => key(of, "NetworkAuthentication", objectName(of))),
    ]);
    const unsure = new Set(
      [...fleet.ofType(MESH_TLS), ...fleet.ofType(NETWORK)]
        .filter((of) => objectName(of) === undefined)
        .map(({ cluster }) => cluster),
    );
    for (const policy of fleet.ofType(AUTHORIZATION_POLICY)) {
      if (unsure.has(policy.cluster)) continue;
      for (const ref of policy.properties.at("spec", "requiredAuthenticationRefs").items) {
        const [kind, name] = [ref.at("kind").text, ref.at("name").text];
        if (kind === undefined || name === undefined || kind.toLowerCase() === "serviceaccount") continue;
        const namespace = ref.at("namespace").text;
        if (!authentications.has(key(policy, kind, name, namespace))) {
          yield { problem: `it asks for the ${kind} ${name}, which is not there`, of: policy };
        }
      }
    }
  },
};

/** What is declared of the ports of one Service of one cluster. */
function declaredPorts(
  fleet: JudgedFleet,
  { cluster = "", namespace, name }: Pick<Exported, "cluster" | "namespace" | "name">,
): PreviewValue | undefined {
  return fleet.services
    ?.find((of) => of.namespace === namespace && of.name === name && of.clusters.includes(cluster))
    ?.ports.at(cluster);
}

/** As text, as the outputs have it; `undefined` where it is not known. */
function portOf({ properties }: Resource): string | undefined {
  const port = properties.at("spec", "port");
  return port.text ?? port.number?.toString();
}

/**
 * Whether a policy lets callers into a Server, or one of its routes, by identity, from wherever they call;
 * `undefined`: not known yet.
 */
function openedServers(fleet: JudgedFleet) {
  const opened = new Set<string>();
  const unsure = new Set<string | undefined>();
  for (const policy of fleet.ofType(AUTHORIZATION_POLICY)) {
    const target = policy.properties.at("spec", "targetRef", "name");
    const refs = policy.properties.at("spec", "requiredAuthenticationRefs");
    const kinds = refs.items.map((ref) => ref.at("kind"));
    if ([target, refs, ...kinds].some(({ isUnknown }) => isUnknown)) unsure.add(policy.cluster);
    // With a network, it is for callers of the cluster itself.
    if (kinds.some(({ text }) => text?.toLowerCase() === "networkauthentication")) continue;
    opened.add([policy.cluster, objectNamespace(policy), target.text].join("/"));
  }
  for (const route of fleet.ofType(HTTP_ROUTE)) {
    if (!opened.has([route.cluster, objectNamespace(route), objectName(route)].join("/"))) continue;
    for (const parent of route.properties.at("spec", "parentRefs").items) {
      opened.add([route.cluster, objectNamespace(route), parent.at("name").text].join("/"));
    }
  }
  return (server: Resource): boolean | undefined => {
    const found = opened.has([server.cluster, objectNamespace(server), objectName(server)].join("/"));
    return found || objectName(server) === undefined || unsure.has(server.cluster)
      ? found || undefined
      : false;
  };
}

export const federatedAlike: FleetRule = {
  name: "federated-alike",
  description: "All members of a federated service have the same ports and protocols.",
  severity: "high",
  remediation: "Give every entry of the service the same `ports` and `protocol`.",
  settings: NONE,
  *judge(fleet) {
    const servers = serversOf(fleet);
    const members = exportsOf(fleet).filter((one) => one.mode.startsWith("federated"));
    const ports = ({ cluster, namespace, name }: Exported): string | undefined => {
      const specs = servers(cluster, namespace, name)?.map(({ properties }) => properties.at("spec"));
      if (!specs || specs.some((spec) => spec.at("port").isUnknown || spec.at("proxyProtocol").isUnknown))
        return undefined;
      return specs
        .map((spec) => {
          const port = spec.at("port");
          return `${port.text ?? port.number} (${spec.at("proxyProtocol").text})`;
        })
        .sort()
        .join(", ");
    };
    for (const alike of Map.groupBy(members, ({ namespace, name }) => `${namespace}/${name}`).values()) {
      const [first, ...others] = alike;
      const expected = first && ports(first);
      if (!first || expected === undefined) continue;
      for (const other of others) {
        const found = ports(other);
        // A member without a Server is another rule's.
        if (found === undefined || found === "" || expected === "" || found === expected) continue;
        yield {
          problem: `${other.namespace}/${other.name} has ${found} in ${other.cluster}, ${expected} in ${first.cluster}`,
          of: other.resource,
        };
      }
    }
  },
};
