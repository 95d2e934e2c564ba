import { describe, expect, it } from "vitest";
import { mirroredModes } from "../../../fleet/links/mirrors";
import { statusOf } from "../../../lab/standins/mirror/status";
import {
  changesOf,
  EXPORTED,
  linkTo,
  NOW,
  REMOTE_DISCOVERY,
  ready,
  Source,
  service,
} from "../../../testing/mirrorSource";

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
