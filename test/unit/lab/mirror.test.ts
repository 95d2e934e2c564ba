import type { KubernetesObject, V1Endpoints, V1Service } from "@kubernetes/client-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mirroredModes } from "../../../fleet/links/mirrors";
import { keyOf, type Link, type LinkSpec, mirror, type Outcome } from "../../../lab/standins/mirror/objects";
import { statusOf } from "../../../lab/standins/mirror/status";

const NAMESPACE = "linkerd-multicluster";
const EXPORTED = "mirror.linkerd.io/exported";
const FEDERATED = "mirror.linkerd.io/federated";
const REMOTE_DISCOVERY = "multicluster.linkerd.io/remote-discovery";
const LOCAL_DISCOVERY = "multicluster.linkerd.io/local-discovery";
const NOW = "2026-11-29T12:00:00Z";

function linkTo(target: string, more: Partial<LinkSpec> = {}, created = "2026-01-01T00:00:00Z"): Link {
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
const OWN: Link = {
  metadata: { name: "itself", namespace: NAMESPACE },
  spec: { federatedServiceSelector: { matchLabels: { [FEDERATED]: "member" } } },
};

let version = 0;
function service(name: string, labels: Record<string, string>, more: Partial<V1Service> = {}): V1Service {
  version += 1;
  return {
    metadata: { name, namespace: "shop", labels, resourceVersion: String(version), ...more.metadata },
    spec: { ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }], ...more.spec },
  };
}

const byKey = <T extends KubernetesObject>(objects: readonly T[]) =>
  new Map(objects.map((one) => [keyOf(one), one]));

const ready = (of: V1Service): V1Endpoints => ({
  metadata: { name: of.metadata?.name ?? "", namespace: of.metadata?.namespace ?? "" },
  subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "http", port: 8080 }] }],
});

/** A source, in memory. */
class Source {
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

const changesOf = (outcomes: readonly Outcome[]) => outcomes.flatMap(({ changes }) => changes);

describe("which Services a mirror takes", () => {
  const requirement = (operator: string, values?: string[]) => ({
    selector: { matchExpressions: [{ key: EXPORTED, operator, ...(values && { values }) }] },
  });
  it.each([
    ["In takes a value of the list", requirement("In", ["true", "own"]), { [EXPORTED]: "own" }, true],
    ["In takes no other value", requirement("In", ["true"]), { [EXPORTED]: "own" }, false],
    ["In takes no missing label", requirement("In", ["true"]), {}, false],
    ["NotIn takes a missing label", requirement("NotIn", ["true"]), {}, true],
    ["NotIn takes no value of the list", requirement("NotIn", ["true"]), { [EXPORTED]: "true" }, false],
    ["Exists takes any value", requirement("Exists"), { [EXPORTED]: "x" }, true],
    ["an empty list of values is none", requirement("Exists", []), { [EXPORTED]: "x" }, true],
    ["DoesNotExist takes a missing label", requirement("DoesNotExist"), {}, true],
    ["In without values is invalid and takes nothing", requirement("In"), { [EXPORTED]: "" }, false],
    ["NotIn without values is invalid and takes nothing", requirement("NotIn"), {}, false],
    [
      "Exists with values is invalid and takes nothing",
      requirement("Exists", ["x"]),
      { [EXPORTED]: "x" },
      false,
    ],
    ["an empty selector takes nothing", { selector: {} }, { [EXPORTED]: "true" }, false],
    ["no selector takes nothing", {}, { [EXPORTED]: "true" }, false],
    [
      "labels and expressions both have to hold",
      { selector: { matchLabels: { a: "b" }, ...requirement("Exists").selector } },
      { [EXPORTED]: "x" },
      false,
    ],
  ])("%s", (_, spec, labels, isTaken) => {
    expect(mirroredModes(spec, labels as Record<string, string>)).toEqual(isTaken ? ["gateway"] : []);
  });
});

describe("a service mirrored through the gateway", () => {
  const link = linkTo("eu");
  const reports = service("reports", { [EXPORTED]: "true", app: "reports" });

  it("has the labels, annotations, ports and Endpoints that Linkerd gives it", () => {
    const source = new Source([link]);
    const outcomes = source.look(link, [reports]);
    const labels = {
      app: "reports",
      "mirror.linkerd.io/mirrored-service": "true",
      "mirror.linkerd.io/cluster-name": "eu",
    };
    expect(source.service("shop/reports-eu")).toEqual({
      metadata: {
        name: "reports-eu",
        namespace: "shop",
        labels,
        annotations: {
          "mirror.linkerd.io/remote-svc-fq-name": "reports.shop.svc.cluster.local",
          "mirror.linkerd.io/remote-resource-version": reports.metadata?.resourceVersion,
        },
      },
      spec: { ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }] },
    });
    expect(source.endpoints.get("shop/reports-eu")).toEqual({
      metadata: {
        name: "reports-eu",
        namespace: "shop",
        labels,
        annotations: {
          "mirror.linkerd.io/remote-svc-fq-name": "reports.shop.svc.cluster.local",
          "mirror.linkerd.io/remote-gateway-identity": "linkerd-gateway.identity",
        },
      },
      subsets: [
        {
          addresses: [{ ip: "198.18.0.9" }, { ip: "198.18.0.10" }],
          ports: [{ name: "http", protocol: "TCP", port: 4143 }],
        },
      ],
    });
    expect(statusOf(link, outcomes, NOW)).toEqual({
      mirrorServices: [
        {
          controllerName: "linkerd.io/service-mirror",
          remoteRef: { group: "core", kind: "Service", namespace: "shop", name: "reports" },
          conditions: [
            {
              type: "Mirrored",
              status: "True",
              reason: "Mirrored",
              message: "",
              lastTransitionTime: NOW,
              localRef: { group: "core", kind: "Service", namespace: "shop", name: "reports-eu" },
            },
          ],
        },
      ],
    });
    expect(changesOf(source.look(link, [reports]))).toEqual([]);
  });

  it("has no addresses while its own has none that are ready", () => {
    const source = new Source([link]);
    source.look(link, [reports], []);
    expect(source.endpoints.get("shop/reports-eu")?.subsets).toEqual([]);
    source.look(link, [reports]);
    expect(source.endpoints.get("shop/reports-eu")?.subsets).toHaveLength(1);
    source.look(
      link,
      [reports],
      [{ ...ready(reports), subsets: [{ notReadyAddresses: [{ ip: "10.0.0.1" }] }] }],
    );
    expect(source.endpoints.get("shop/reports-eu")?.subsets).toEqual([]);
  });

  it("follows its ports, its labels, and the gateway's address and identity", () => {
    const source = new Source([link]);
    source.look(link, [reports]);
    const ports = [
      ...(reports.spec?.ports ?? []),
      { name: "admin", protocol: "TCP", port: 81, targetPort: 8081 },
    ];
    const changed = service("reports", { [EXPORTED]: "true", app: "new" }, { spec: { ports } });
    const moved = linkTo("eu", { gatewayAddress: "198.18.0.11", gatewayIdentity: "other" });
    source.look(moved, [changed]);
    const live = source.service("shop/reports-eu");
    expect(live?.spec?.ports?.map(({ port }) => port)).toEqual([80, 81]);
    expect(live?.metadata?.labels?.app).toBe("new");
    const endpoints = source.endpoints.get("shop/reports-eu");
    expect(endpoints?.subsets?.[0]?.addresses).toEqual([{ ip: "198.18.0.11" }]);
    expect(endpoints?.subsets?.[0]?.ports?.map(({ name }) => name)).toEqual(["http", "admin"]);
    expect(endpoints?.metadata?.annotations?.["mirror.linkerd.io/remote-gateway-identity"]).toBe("other");
  });

  it("keeps its metadata when only the Link changes, as in Linkerd", () => {
    const source = new Source([link]);
    source.look(link, [reports]);
    source.look(linkTo("eu", { excludedLabels: ["app"] }), [reports]);
    expect(source.service("shop/reports-eu")?.metadata?.labels?.app).toBe("reports");
  });

  it("is not mirrored where there is no namespace for it, and the status says so", () => {
    const source = new Source([link], []);
    const outcomes = source.look(link, [reports]);
    expect(changesOf(outcomes)).toEqual([]);
    expect(outcomes[0]?.report?.condition).toEqual({
      status: "False",
      reason: "MissingNamespace",
      message: "Namespace does not exist",
    });
  });

  it("has no Endpoints where the gateway has no address, and the status says so", () => {
    const lost = linkTo("eu", { gatewayAddress: "" });
    const source = new Source([lost]);
    const outcomes = source.look(lost, [reports]);
    expect(source.service("shop/reports-eu")).toBeDefined();
    expect(source.endpoints.size).toBe(0);
    expect(outcomes[0]?.report?.condition).toMatchObject({ status: "False", reason: "Error" });
  });

  it("leaves somebody's own Service of that name alone", () => {
    const source = new Source([link]);
    const theirs = service("reports-eu", {});
    source.services.set("shop/reports-eu", theirs);
    expect(changesOf(source.look(link, [reports]))).toEqual([]);
    expect(changesOf(source.look(link, []))).toEqual([]);
    expect(source.service("shop/reports-eu")).toBe(theirs);
  });

  it("goes when it is exported no more, or is gone", () => {
    for (const left of [[service("reports", {})], []]) {
      const source = new Source([link]);
      source.look(link, [reports]);
      source.look(link, left);
      expect([...source.services.keys(), ...source.endpoints.keys()]).toEqual([]);
    }
  });
});

it("a flat mirror leads to the pods: it has no Endpoints, and those of another mode go", () => {
  const link = linkTo("eu");
  const source = new Source([link]);
  source.look(link, [service("reports", { [EXPORTED]: "true" })]);
  source.look(link, [service("reports", { [EXPORTED]: "remote-discovery" })]);
  expect(source.service("shop/reports-eu")?.metadata?.labels).toEqual({
    "mirror.linkerd.io/mirrored-service": "true",
    "mirror.linkerd.io/cluster-name": "eu",
    [REMOTE_DISCOVERY]: "eu",
    "multicluster.linkerd.io/remote-service": "reports",
  });
  expect(source.endpoints.size).toBe(0);
});

it("copies what is not excluded: keys, groups of keys, and what Linkerd never or always copies", () => {
  const link = linkTo("eu", {
    excludedLabels: ["app.kubernetes.io/instance", "argocd.argoproj.io/*"],
    excludedAnnotations: ["pulumi.com/*", "config.linkerd.io/*"],
  });
  const source = new Source([link]);
  const labels = {
    [EXPORTED]: "true",
    "app.kubernetes.io/instance": "x",
    "app.kubernetes.io/name": "kept",
    "argocd.argoproj.io/instance": "x",
  };
  const annotations = {
    "pulumi.com/autonamed": "x",
    "service.kubernetes.io/topology-mode": "Auto",
    "config.linkerd.io/opaque-ports": "80",
    "config.linkerd.io/other": "x",
    note: "kept",
  };
  const one = service("reports", labels);
  source.look(link, [{ ...one, metadata: { ...one.metadata, annotations } }]);
  const { metadata } = source.service("shop/reports-eu") ?? {};
  expect(Object.keys(metadata?.labels ?? {}).sort()).toEqual([
    "app.kubernetes.io/name",
    "mirror.linkerd.io/cluster-name",
    "mirror.linkerd.io/mirrored-service",
  ]);
  expect(metadata?.annotations).toMatchObject({ note: "kept", "config.linkerd.io/opaque-ports": "80" });
  expect(Object.keys(metadata?.annotations ?? {})).toHaveLength(4);
});

describe("a federated service", () => {
  const [eu, apac] = [linkTo("eu", {}, "2026-01-02T00:00:00Z"), linkTo("apac", {}, "2026-01-01T00:00:00Z")];
  const member = (team: string, port = 80) =>
    service("checkout", { [FEDERATED]: "member", team }, { spec: { ports: [{ port }] } });

  it("has its members come and go, and goes with the last", () => {
    const source = new Source([eu, apac]);
    source.look(eu, [member("eu")]);
    source.look(apac, [member("apac")]);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("checkout@eu,checkout@apac");
    expect(source.annotation("shop/checkout-federated", LOCAL_DISCOVERY)).toBeUndefined();
    source.look(OWN, [member("own")]);
    expect(source.annotation("shop/checkout-federated", LOCAL_DISCOVERY)).toBe("checkout");
    source.look(eu, [service("checkout", {})]);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("checkout@apac");
    source.look(apac, []);
    expect(source.annotation("shop/checkout-federated", REMOTE_DISCOVERY)).toBe("");
    source.look(OWN, [service("checkout", {})]);
    expect(source.service("shop/checkout-federated")).toBeUndefined();
  });

  it("has no cluster's name and no Endpoints", () => {
    const source = new Source([eu]);
    source.look(eu, [member("eu")]);
    expect(source.service("shop/checkout-federated")?.metadata?.labels).toEqual({
      team: "eu",
      "mirror.linkerd.io/mirrored-service": "true",
    });
    expect(source.endpoints.size).toBe(0);
  });

  it("has the metadata and ports of the cluster's own member, else of the one with the oldest Link", () => {
    const source = new Source([eu, apac]);
    const team = () => source.service("shop/checkout-federated")?.metadata?.labels?.team;
    const [ofEu, ofApac] = [member("eu", 81), member("apac", 82)];
    source.look(eu, [ofEu]);
    source.look(apac, [ofApac]);
    expect(team()).toBe("apac");
    source.look(eu, [ofEu]);
    expect(team()).toBe("apac");
    expect(source.service("shop/checkout-federated")?.spec?.ports?.[0]?.port).toBe(82);
    source.look(OWN, [member("own", 83)]);
    source.look(apac, [ofApac]);
    expect(team()).toBe("own");
    expect(source.service("shop/checkout-federated")?.spec?.ports?.[0]?.port).toBe(83);
  });

  it("takes no headless member, and the status says so", () => {
    const source = new Source([eu]);
    const headless = service("checkout", { [FEDERATED]: "member" }, { spec: { clusterIP: "None" } });
    const outcomes = source.look(eu, [headless]);
    expect(changesOf(outcomes)).toEqual([]);
    expect(outcomes[0]?.report?.condition.reason).toBe("InvalidService");
  });
});

describe("the status of a Link", () => {
  const link = linkTo("eu");
  const both = service("reports", { [EXPORTED]: "true", [FEDERATED]: "member" });

  it("is written when it says something else, and keeps the time of what stays", () => {
    const source = new Source([link]);
    const status = statusOf(link, source.look(link, [both]), NOW) as NonNullable<Link["status"]>;
    const told = { ...link, status };
    expect(statusOf(told, source.look(link, [both]), "later")).toBeUndefined();
    const second = service("second", { [EXPORTED]: "true" });
    const next = statusOf(told, source.look(link, [both, second]), "later") as NonNullable<Link["status"]>;
    expect(next.mirrorServices?.map(({ conditions }) => conditions[0]?.lastTransitionTime)).toEqual([
      NOW,
      "later",
    ]);
    expect(next.federatedServices).toBeUndefined();
  });

  it("goes on listing the last one that left, as Linkerd's does", () => {
    const source = new Source([link]);
    const status = statusOf(link, source.look(link, [both]), NOW) as NonNullable<Link["status"]>;
    expect(statusOf({ ...link, status }, source.look(link, []), "later")).toBeUndefined();
  });
});

describe("whatever the targets export", () => {
  const TARGETS = ["eu", "apac", "us"];
  const labels = fc.record(
    {
      [EXPORTED]: fc.constantFrom("true", "remote-discovery", "no"),
      [FEDERATED]: fc.constantFrom("member", "no"),
      team: fc.constantFrom("a", "b"),
    },
    { requiredKeys: [] },
  );
  const services = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "a-eu", "c"),
      namespace: fc.constantFrom("shop", "bi"),
      labels,
    }),
    { selector: ({ name, namespace }) => `${namespace}/${name}` },
  );
  const world = fc.record({
    of: fc.tuple(services, services, services),
    after: fc.tuple(services, services, services),
    created: fc.tuple(...TARGETS.map(() => fc.constantFrom("2026-01-01", "2026-01-02"))),
  });
  const made = (found: { name: string; namespace: string; labels: Record<string, string> }[]) =>
    found.map(({ name, namespace, labels }) =>
      service(name, labels, { metadata: { name, namespace, labels } }),
    );

  /** All mirrors look in turn, until none has anything to do. */
  function settle(source: Source, links: readonly Link[], exported: readonly V1Service[][]): number {
    for (let round = 1; round < 10; round += 1) {
      const changes = links.flatMap((link, at) => changesOf(source.look(link, exported[at] ?? [])));
      if (changes.length === 0) return round;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("all mirrors come to rest, and there is then exactly what crosses", () => {
    fc.assert(
      fc.property(world, ({ of, after, created }) => {
        const links = TARGETS.map((target, at) => linkTo(target, {}, created[at]));
        const source = new Source(links);
        settle(source, links, of.map(made));
        const exported = after.map(made);
        expect(settle(source, links, exported)).toBeLessThan(6);
        const crossing = links.flatMap((link, at) =>
          (exported[at] ?? []).flatMap(({ metadata = {} }) => {
            if (metadata.namespace !== "shop") return [];
            const modes = mirroredModes(link.spec, metadata.labels ?? {});
            return [
              ...(modes.some((mode) => mode !== "federated")
                ? [`shop/${metadata.name}-${link.metadata?.name}`]
                : []),
              ...(modes.includes("federated") ? [`shop/${metadata.name}-federated`] : []),
            ];
          }),
        );
        expect([...source.services.keys()].sort()).toEqual([...new Set(crossing)].sort());
        for (const live of source.services.values()) {
          for (const key of Object.keys(live.metadata?.labels ?? {})) expect(key).not.toBe(EXPORTED);
        }
      }),
    );
  });

  it("a link that drains loses everything of its target, and the others lose nothing", () => {
    fc.assert(
      fc.property(world, ({ of, created }) => {
        const links = TARGETS.map((target, at) => linkTo(target, {}, created[at]));
        const [drained, ...others] = links as [Link, ...Link[]];
        const exported = of.map(made);
        const [source, without] = [new Source(links), new Source(others)];
        settle(source, links, exported);
        const nothing = { matchLabels: { "linkerd-fleet/crosses": "nothing" } };
        const draining = linkTo("eu", {
          selector: nothing,
          remoteDiscoverySelector: nothing,
          federatedServiceSelector: nothing,
        });
        settle(source, [draining, ...others], exported);
        settle(without, others, exported.slice(1));
        expect([...source.services.keys()].sort()).toEqual([...without.services.keys()].sort());
        for (const live of source.services.values()) {
          const members = live.metadata?.annotations?.[REMOTE_DISCOVERY]?.split(",") ?? [];
          expect(members.filter((member) => member.endsWith(`@${drained.metadata?.name}`))).toEqual([]);
        }
      }),
    );
  });
});
