import type { KubernetesObject, V1Endpoints, V1Service } from "@kubernetes/client-node";
import { keyOf, type Link, type LinkSpec, mirror, type Outcome } from "../lab/standins/mirror/objects";

const NAMESPACE = "linkerd-multicluster";
export const EXPORTED = "mirror.linkerd.io/exported";
export const FEDERATED = "mirror.linkerd.io/federated";
export const REMOTE_DISCOVERY = "multicluster.linkerd.io/remote-discovery";
export const LOCAL_DISCOVERY = "multicluster.linkerd.io/local-discovery";
export const NOW = "2026-11-29T12:00:00Z";

export function linkTo(target: string, more: Partial<LinkSpec> = {}, created = "2026-01-01T00:00:00Z"): Link {
  return {
    metadata: { name: target, namespace: NAMESPACE, creationTimestamp: new Date(created) },
    spec: {
      targetClusterName: target,
      targetClusterDomain: "cluster.local",
      gatewayAddress: "198.18.0.9,198.18.0.10",
      gatewayPort: "4143",
      gatewayIdentity: "linkerd-gateway.identity",
      selector: { matchLabels: { [EXPORTED]: "true" } },
      remoteDiscoverySelector: { matchLabels: { [EXPORTED]: "remote-discovery" } },
      federatedServiceSelector: { matchLabels: { [FEDERATED]: "member" } },
      ...more,
    },
  };
}

/** The mirror of a cluster itself. */
export const OWN: Link = {
  metadata: { name: "itself", namespace: NAMESPACE },
  spec: { federatedServiceSelector: { matchLabels: { [FEDERATED]: "member" } } },
};

let version = 0;
export function service(
  name: string,
  labels: Record<string, string>,
  more: Partial<V1Service> = {},
): V1Service {
  version += 1;
  return {
    metadata: { name, namespace: "shop", labels, resourceVersion: String(version), ...more.metadata },
    spec: { ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }], ...more.spec },
  };
}

const byKey = <T extends KubernetesObject>(objects: readonly T[]) =>
  new Map(objects.map((one) => [keyOf(one), one]));

export const ready = (of: V1Service): V1Endpoints => ({
  metadata: { name: of.metadata?.name ?? "", namespace: of.metadata?.namespace ?? "" },
  subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "http", port: 8080 }] }],
});

/** A source, in memory. */
export class Source {
  readonly services = new Map<string, V1Service>();
  readonly endpoints = new Map<string, V1Endpoints>();

  constructor(
    private readonly links: readonly Link[],
    private readonly namespaces: readonly string[] = ["shop"],
  ) {}

  /** What one Link's mirror wants; it is done. */
  look(
    link: Link,
    services: readonly V1Service[],
    endpoints: readonly V1Endpoints[] = services.map(ready),
  ): Outcome[] {
    const own = link.spec.targetClusterName === undefined;
    if (own) for (const one of services) this.services.set(keyOf(one), one);
    const outcomes = mirror({
      link,
      links: byKey(this.links),
      remote: own ? this : { services: byKey(services), endpoints: byKey(endpoints) },
      local: this,
      namespaces: new Set(this.namespaces),
      addresses: (link.spec.gatewayAddress ?? "").split(",").filter(Boolean),
    });
    for (const { verb, kind, object } of outcomes.flatMap(({ changes }) => changes)) {
      const store: Map<string, KubernetesObject> = kind === "services" ? this.services : this.endpoints;
      if (verb === "delete") store.delete(keyOf(object));
      else store.set(keyOf(object), object);
      // As the Endpoints controller does.
      if (verb === "delete" && kind === "services") this.endpoints.delete(keyOf(object));
    }
    return outcomes;
  }

  service(key: string) {
    return this.services.get(key);
  }

  annotation(key: string, annotation: string) {
    return this.services.get(key)?.metadata?.annotations?.[annotation];
  }
}

export const changesOf = (outcomes: readonly Outcome[]) => outcomes.flatMap(({ changes }) => changes);
