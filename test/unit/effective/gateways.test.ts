import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressesOf, isAuthorized, lies, matchesIdentity } from "../../../fleet/effective/clients";
import { portsOf } from "../../../fleet/effective/ports";
import { reachThroughGateway } from "../../../fleet/effective/reach";
import { selects } from "../../../fleet/effective/selectors";
import { portPolicy } from "../../../fleet/effective/servers";
import * as shapes from "../../../fleet/effective/shapes";
import { clusterOf, identity, meshedPod, type Raw } from "../../../testing/effective";
import { ask, closed, GET, meta, mtls, needs, policy, server, TO_SERVER, UNMESHED, WEB } from "./requests";

describe("a pod whose proxy sees nothing", () => {
  const denied = closed();
  const withPod = (pod: Parameters<typeof meshedPod>[1]) => ask({ ...denied, pods: [meshedPod("web", pod)] });

  test.each<[string, Parameters<typeof meshedPod>[1]]>([
    ["because it has none", { spec: { containers: [{ name: "app" }] } }],
    ["because it is in the host's network", { spec: { hostNetwork: true } }],
    [
      "because its port is skipped",
      {
        metadata: {
          labels: { app: "web" },
          annotations: { "config.linkerd.io/skip-inbound-ports": "1-9000" },
        },
      },
    ],
    [
      "because its port was skipped when it started",
      {
        spec: {
          containers: [{ name: "linkerd-proxy" }],
          initContainers: [{ name: "linkerd-init", args: ["--inbound-ports-to-ignore", "4190,4191,8080"] }],
        },
      },
    ],
    [
      "because the caller's subnet is skipped",
      {
        spec: {
          containers: [{ name: "linkerd-proxy" }],
          initContainers: [{ name: "linkerd-init", args: ["--subnets-to-ignore", "10.2.0.0/16"] }],
        },
      },
    ],
  ])("lets in everybody: %s", (_, pod) => {
    expect(withPod(pod).outcome).toBe("allowed");
  });

  test("is told by what it was started with, not by annotations of today", () => {
    const started = {
      containers: [{ name: "linkerd-proxy" }],
      initContainers: [{ name: "linkerd-init", args: ["--inbound-ports-to-ignore", "4190,4191"] }],
    };
    const annotations = { "config.linkerd.io/skip-inbound-ports": "8080" };
    expect(withPod({ spec: started, metadata: { labels: { app: "web" }, annotations } }).outcome).toBe(
      "denied",
    );
  });
});

describe("a gateway", () => {
  const GATEWAY = identity("linkerd-gateway", "linkerd-multicluster");
  const gateway = (annotations: object = {}, env: object[] = []) =>
    meshedPod("linkerd-gateway", {
      metadata: {
        namespace: "linkerd-multicluster",
        annotations: {
          "config.linkerd.io/enable-gateway": "true",
          "config.linkerd.io/default-inbound-policy": "all-authenticated",
          ...annotations,
        },
      },
      spec: {
        serviceAccountName: "linkerd-gateway",
        containers: [{ name: "linkerd-proxy", ports: [{ name: "linkerd-proxy", containerPort: 4143 }], env }],
      },
      status: { podIP: "10.1.0.99" },
    });
  const service = {
    metadata: meta("web"),
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  };
  function through(
    raw: Raw,
    client: { identity?: string; address?: string } = WEB,
    port: number | string = 8080,
  ) {
    const cluster = clusterOf({ pods: [meshedPod("web"), gateway()], services: [service], ...raw });
    const [found] = cluster.in("shop").services;
    if (!found) throw new Error("no Service");
    return reachThroughGateway(cluster, found, port, client, GET).pods.map(({ verdict }) => verdict.outcome);
  }

  test("forwards to every Service by default, and its pods see the gateway", () => {
    expect(through({})).toEqual(["allowed"]);
    expect(through(closed())).toEqual(["denied"]);
    expect(through(closed({ meshTlsAuthentications: [mtls("web", [GATEWAY])] }))).toEqual(["allowed"]);
    expect(through({}, UNMESHED)).toEqual(["denied"]);
    expect(through({}, { ...WEB, identity: GATEWAY })).toEqual(["denied"]);
  });

  test("stands in the pod network of the cluster's own callers", () => {
    const networkAuthentications = [{ metadata: meta("own"), spec: { networks: [{ cidr: "10.1.0.0/16" }] } }];
    const own = [policy(TO_SERVER, [needs("NetworkAuthentication", "own")])];
    expect(through(closed({ networkAuthentications, authorizationPolicies: own }))).toEqual(["allowed"]);
  });

  test("reaches ports that the Service has", () => {
    expect(through({}, WEB, "http")).toEqual(["allowed"]);
    expect(through({}, WEB, 9090)).toEqual(["denied"]);
  });

  test.each([
    ["reports.bi.svc.cluster.local.", "denied"],
    ["web.shop.svc.cluster.local.", "allowed"],
    ["web.shop.svc.cluster.local", "allowed"],
    ["b.shop.svc.cluster.local", "denied"],
    ["shop.svc.cluster.local, bi.svc.cluster.local", "allowed"],
    [".", "allowed"],
  ])("forwards to what ends in one of its suffixes: %s", (value, outcome) => {
    const name = "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES";
    const annotations = { "config.linkerd.io/proxy-additional-env": JSON.stringify([{ name, value }]) };
    expect(through({ pods: [meshedPod("web"), gateway(annotations)] })).toEqual([outcome]);
    const env = [
      { name, value: "svc.cluster.local." },
      { name, value },
    ];
    expect(through({ pods: [meshedPod("web"), gateway({}, env)] })).toEqual([outcome]);
    expect(through({ pods: [meshedPod("web"), gateway(annotations, env.slice(0, 1))] })).toEqual(["allowed"]);
  });

  test("takes whom its own policies let in", () => {
    const closedGateway = {
      servers: [
        {
          metadata: { name: "linkerd-gateway", namespace: "linkerd-multicluster" },
          spec: {
            podSelector: { matchLabels: { app: "linkerd-gateway" } },
            port: "linkerd-proxy",
            accessPolicy: "deny",
          },
        },
      ],
    };
    expect(through(closedGateway)).toEqual(["denied"]);
  });
});

describe("what the rules are made of", () => {
  test("identities", () => {
    const web = identity("web");
    expect(matchesIdentity("*", web)).toBe(true);
    expect(matchesIdentity("*.cluster.local", web)).toBe(true);
    expect(matchesIdentity("*.local", web)).toBe(true);
    expect(matchesIdentity("*.shop", web)).toBe(false);
    expect(matchesIdentity("*.ter.local", web)).toBe(false);
    expect(matchesIdentity("web.*", web)).toBe(false);
    expect(matchesIdentity("*", "spiffe://root/web")).toBe(false);
    expect(matchesIdentity("spiffe://root/web", "spiffe://root/web")).toBe(true);
  });

  test("lists of ports: one mistake and there is none", () => {
    expect(portsOf("80, 8000-8010")).toEqual([
      { from: 80, to: 80 },
      { from: 8000, to: 8010 },
    ]);
    for (const wrong of ["0", "80,http", "2-1", "2-", "65537", "1-2-3"]) expect(portsOf(wrong)).toEqual([]);
    expect(portsOf(undefined)).toEqual([]);
  });

  test("expressions of selectors that say too little or too much hold for nothing", () => {
    const of = (operator: string, values?: string[]) => {
      const parsed = shapes.server.parse(
        server("x", {
          podSelector: { matchExpressions: [{ key: "app", operator, ...(values && { values }) }] },
        }),
      ).spec.podSelector;
      return parsed ? selects(parsed, { app: "web" }) : undefined;
    };
    expect(of("In")).toBe(false);
    expect(of("Exists", ["web"])).toBe(false);
    expect(of("exists")).toBe(false);
    expect(of("NotIn", ["api"])).toBe(true);
    expect(of("Exists")).toBe(true);
  });

  const octet = fc.nat({ max: 255 });
  const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join("."));
  const group = fc.nat({ max: 0xffff }).map((n) => n.toString(16));
  const v6 = fc
    .tuple(fc.constant("fd00"), group, group, group)
    .map((parts) => `${parts.slice(0, 2).join(":")}::${parts.slice(2).join(":")}`);
  const cidr = fc.oneof(
    fc.tuple(v4, fc.nat({ max: 32 })).map(([base, bits]) => `${base}/${bits}`),
    fc.tuple(v6, fc.nat({ max: 128 })).map(([base, bits]) => `${base}/${bits}`),
    v4,
  );

  test("the addresses that stand for all do", () => {
    const networks = fc.array(fc.record({ cidr, except: fc.array(cidr, { maxLength: 3 }) }), {
      maxLength: 3,
    });
    const authorization = networks.map((networks) => ({ name: "a", networks, clients: "anybody" as const }));
    fc.assert(
      fc.property(fc.array(authorization, { maxLength: 3 }), fc.oneof(v4, v6), (authorizations, address) => {
        const said = (address: string) => authorizations.map((one) => isAuthorized(one, { address })).join();
        expect(addressesOf(authorizations).map(said)).toContain(said(address));
      }),
    );
  });

  test("a network holds its first and last address, and none of the other family", () => {
    expect(lies("10.255.255.255", "10.0.0.0/8")).toBe(true);
    expect(lies("11.0.0.0", "10.0.0.0/8")).toBe(false);
    expect(lies("fd00::1", "0.0.0.0/0")).toBe(false);
    expect(lies("10.0.0.1", "10.0.0.1")).toBe(true);
    expect(lies("10.0.0.1", "nonsense")).toBe(false);
  });

  test("which Server counts is told, and which do not", () => {
    const cluster = clusterOf({ pods: [meshedPod("web")], servers: [server("b"), server("a")] });
    const [pod] = cluster.pods;
    if (!pod) throw new Error("no pod");
    const { name, shadowed } = portPolicy(cluster, pod, 8080);
    expect(name).toBe("Server shop/a");
    expect(shadowed.map(({ metadata }) => metadata.name)).toEqual(["b"]);
  });
});
