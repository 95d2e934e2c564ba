import { describe, expect, test } from "vitest";
import type { Verdict } from "../../../fleet/effective/inbound";
import { identity, meshedPod } from "../../../testing/effective";
import { ask, closed, GET, meta, mtls, needs, policy, server, TO_SERVER, UNMESHED, WEB } from "./requests";

describe("a default policy", () => {
  test.each<[string, Verdict["outcome"], Verdict["outcome"], Verdict["outcome"]]>([
    // [policy, unmeshed of the cluster, meshed of the Internet, unmeshed of the Internet]
    ["all-unauthenticated", "allowed", "allowed", "allowed"],
    ["all-authenticated", "denied", "allowed", "denied"],
    ["cluster-unauthenticated", "allowed", "denied", "denied"],
    ["cluster-authenticated", "denied", "denied", "denied"],
    ["deny", "denied", "denied", "denied"],
    ["audit", "allowed", "allowed", "allowed"],
  ])("%s", (defaultInboundPolicy, local, meshed, stranger) => {
    const mesh = { defaultInboundPolicy };
    const outcome = (client: { identity?: string; address: string }) =>
      ask({}, client, GET, { mesh }).outcome;
    expect(outcome(UNMESHED)).toBe(local);
    expect(outcome({ ...WEB, address: "198.51.100.1" })).toBe(meshed);
    expect(outcome({ address: "198.51.100.1" })).toBe(stranger);
  });

  test("is the pod's own before the cluster's, and a word that is none counts as absent", () => {
    const pods = (policy: string) => [
      meshedPod("web", {
        metadata: { annotations: { "config.linkerd.io/default-inbound-policy": policy } },
      }),
    ];
    expect(ask({ pods: pods("deny") }).outcome).toBe("denied");
    expect(ask({ pods: pods("nobody") }).outcome).toBe("allowed");
  });

  test("asks for identity at ports that are listed", () => {
    const pods = [
      meshedPod("web", {
        metadata: { annotations: { "config.linkerd.io/proxy-require-identity-inbound-ports": "8000-8090" } },
      }),
    ];
    expect(ask({ pods }).outcome).toBe("denied");
    expect(ask({ pods }, WEB).outcome).toBe("allowed");
  });

  test("audit says so", () => {
    expect(ask({}, UNMESHED, GET, { mesh: { defaultInboundPolicy: "audit" } }).audited).toBe(true);
    expect(ask({ servers: [server("web", { accessPolicy: "audit" })] }).audited).toBe(true);
  });
});

describe("a Server", () => {
  test("lets in whom a policy names, and nobody else", () => {
    expect(ask(closed(), WEB)).toEqual({
      outcome: "allowed",
      why: "AuthorizationPolicy shop/let-in lets it in",
      by: ["Server shop/web", "default route", "AuthorizationPolicy shop/let-in"],
    });
    expect(ask(closed(), { ...WEB, identity: identity("batch") }).outcome).toBe("denied");
    expect(ask(closed()).outcome).toBe("denied");
    expect(ask(closed(), { address: "127.0.0.1" }).outcome).toBe("allowed");
  });

  test("the oldest counts, then the first by name", () => {
    const open = (name: string, at: string) =>
      server(name, { accessPolicy: "all-unauthenticated" }, { creationTimestamp: at });
    const outcome = (name: string, at: string) =>
      ask(closed({ servers: [server(), open(name, at)] })).outcome;
    expect(outcome("zzz", "2026-01-01T00:00:00Z")).toBe("allowed");
    expect(outcome("aaa", "2026-01-03T00:00:00Z")).toBe("denied");
    expect(outcome("aaa", "2026-01-02T00:00:00Z")).toBe("allowed");
    expect(outcome("zzz", "2026-01-02T00:00:00Z")).toBe("denied");
  });

  test("names the port of every container that has one of this name, and no port of UDP", () => {
    const containers = [
      { name: "app", ports: [{ name: "http", containerPort: 8080 }] },
      { name: "side", ports: [{ name: "http", containerPort: 9090 }] },
      { name: "linkerd-proxy", ports: [] },
    ];
    const udp = [{ name: "http", containerPort: 8080, protocol: "UDP" }];
    const servers = [server("web", { port: "http" })];
    const pods = (containers: object[]) => [meshedPod("web", { spec: { containers } })];
    expect(ask({ pods: pods(containers), servers }).outcome).toBe("denied");
    expect(ask({ pods: pods(containers), servers }, UNMESHED, GET, { port: 9090 }).outcome).toBe("denied");
    const only = [{ name: "app", ports: udp }, { name: "linkerd-proxy" }];
    expect(ask({ pods: pods(only), servers }).outcome).toBe("allowed");
  });

  test("covers its port alone, in its namespace alone, and external workloads not at all", () => {
    expect(ask(closed(), UNMESHED, GET, { port: 9090 }).outcome).toBe("allowed");
    expect(ask({ servers: [server("web", {}, { namespace: "bi" })] }).outcome).toBe("allowed");
    const spec = { podSelector: undefined, externalWorkloadSelector: {} };
    expect(ask({ servers: [server("web", spec)] }).outcome).toBe("allowed");
  });

  test("that selects by expressions, or everything", () => {
    const selecting = (podSelector: object) => ask({ servers: [server("web", { podSelector })] }).outcome;
    expect(selecting({})).toBe("denied");
    expect(selecting({ matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] })).toBe("denied");
    expect(selecting({ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] })).toBe("allowed");
  });

  test.each(["opaque", "TLS"])("of an %s port decides about connections", (proxyProtocol) => {
    const raw = closed({ servers: [server("web", { proxyProtocol })] });
    expect(ask(raw, WEB, "stream").outcome).toBe("allowed");
    expect(ask(raw, WEB, GET).outcome).toBe("allowed");
    expect(ask(raw, UNMESHED, "stream").outcome).toBe("denied");
  });

  test.each(["HTTP/1", "HTTP/2", "gRPC"])("of a port of %s takes nothing else", (proxyProtocol) => {
    const raw = closed({ servers: [server("web", { proxyProtocol })] });
    expect(ask(raw, WEB, "stream").outcome).toBe("denied");
    expect(ask(raw, WEB, { method: "POST", path: "/shop.Orders/List" }).outcome).toBe("allowed");
  });

  test("of a gRPC port takes calls only", () => {
    expect(ask(closed({ servers: [server("web", { proxyProtocol: "gRPC" })] }), WEB, GET).outcome).toBe(
      "denied",
    );
  });
});

describe("an AuthorizationPolicy", () => {
  const open = (target: object, refs: object[] = []) =>
    ask(closed({ authorizationPolicies: [policy(target, refs)] }));

  test("compares kinds and groups without regard to case, and names of Servers exactly", () => {
    expect(open({ group: "POLICY.linkerd.io", kind: "server", name: "web" }).outcome).toBe("allowed");
    expect(open({ group: "policy.linkerd.io", kind: "Server", name: "WEB" }).outcome).toBe("denied");
    expect(open({ kind: "Server", name: "web" }).outcome).toBe("denied");
  });

  test("of a namespace is one of all its Servers", () => {
    expect(open({ kind: "namespace", name: "whatever" }).outcome).toBe("allowed");
    expect(open({ group: "core", kind: "Namespace", name: "shop" }).outcome).toBe("allowed");
    expect(open({ group: "apps", kind: "Namespace", name: "shop" }).outcome).toBe("denied");
  });

  test("without authentications lets in everybody; with one that is missing or not known, nobody", () => {
    expect(open(TO_SERVER).outcome).toBe("allowed");
    expect(open(TO_SERVER, [needs("MeshTLSAuthentication", "nothing")]).outcome).toBe("denied");
    expect(open(TO_SERVER, [needs("NetworkAuthentication", "nothing")]).outcome).toBe("denied");
    expect(open(TO_SERVER, [needs("Secret", "web")]).outcome).toBe("denied");
  });

  test("asks for identity and network together, also of other namespaces", () => {
    const raw = closed({
      authorizationPolicies: [
        policy(TO_SERVER, [
          needs("meshtlsauthentication", "web"),
          needs("NetworkAuthentication", "near", "nets"),
        ]),
      ],
      networkAuthentications: [
        {
          metadata: { name: "near", namespace: "nets" },
          spec: { networks: [{ cidr: "10.2.0.0/16", except: ["10.2.7.0/24"] }, { cidr: "192.0.2.1" }] },
        },
      ],
    });
    expect(ask(raw, WEB).outcome).toBe("allowed");
    expect(ask(raw, { ...WEB, address: "192.0.2.1" }).outcome).toBe("allowed");
    expect(ask(raw, { ...WEB, address: "10.2.7.1" }).outcome).toBe("denied");
    expect(ask(raw, { address: "10.2.0.9" }).outcome).toBe("denied");
    // Where it is not known from where, it is not known.
    expect(ask(raw, { identity: identity("web") }).outcome).toBe("unknown");
    expect(ask(raw, { identity: identity("batch") }).outcome).toBe("denied");
  });

  test("asks for two identities in vain", () => {
    const twice = [needs("MeshTLSAuthentication", "web"), { kind: "ServiceAccount", name: "web" }];
    expect(ask(closed({ authorizationPolicies: [policy(TO_SERVER, twice)] }), WEB).outcome).toBe("denied");
  });

  test("means ServiceAccounts and namespaces of its own cluster", () => {
    const account = closed({
      authorizationPolicies: [policy(TO_SERVER, [{ kind: "ServiceAccount", name: "web" }])],
    });
    expect(ask(account, WEB).outcome).toBe("allowed");
    expect(ask(account, { ...WEB, identity: identity("web", "shop", "us.example.com") }).outcome).toBe(
      "denied",
    );
    const refs = (identityRefs: object[]) =>
      closed({ meshTlsAuthentications: [mtls("web", [], { identityRefs })] });
    expect(ask(refs([{ kind: "Namespace", name: "shop" }]), WEB).outcome).toBe("allowed");
    expect(ask(refs([{ kind: "ServiceAccount", name: "web" }]), WEB).outcome).toBe("allowed");
    expect(
      ask(
        refs([
          { kind: "ServiceAccount", name: "web" },
          { kind: "Pod", name: "x" },
        ]),
        WEB,
      ).outcome,
    ).toBe("denied");
  });
});

describe("a ServerAuthorization", () => {
  const older = (client: object, ofServer: object = { name: "web" }) => ({
    metadata: meta("older"),
    spec: { server: ofServer, client },
  });
  const outcome = (of: object, client: { identity?: string; address: string } = UNMESHED) =>
    ask({ servers: [server("web", {}, { labels: { tier: "front" } })], serverAuthorizations: [of] }, client)
      .outcome;

  test("finds Servers by name, or by their live labels; with neither, all of them", () => {
    expect(outcome(older({ unauthenticated: true }))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, { selector: { matchLabels: { tier: "front" } } }))).toBe(
      "allowed",
    );
    expect(outcome(older({ unauthenticated: true }, { selector: { matchLabels: { tier: "back" } } }))).toBe(
      "denied",
    );
    expect(outcome(older({ unauthenticated: true }, { selector: {} }))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, {}))).toBe("allowed");
    expect(outcome(older({ unauthenticated: true }, { name: "other" }))).toBe("denied");
  });

  test("without networks is about those of the cluster, else about its own, without what they except", () => {
    const stranger = { address: "198.51.100.1" };
    expect(outcome(older({ unauthenticated: true }), stranger)).toBe("denied");
    const networks = [{ cidr: "0.0.0.0/0", except: ["198.51.100.0/24"] }];
    expect(outcome(older({ unauthenticated: true, networks }), stranger)).toBe("denied");
    expect(outcome(older({ unauthenticated: true, networks }))).toBe("allowed");
  });

  test("asks for TLS, for identities, or for ServiceAccounts of its namespace", () => {
    expect(outcome(older({ meshTLS: { unauthenticatedTLS: true } }), WEB)).toBe("allowed");
    expect(outcome(older({ meshTLS: { unauthenticatedTLS: true } }))).toBe("allowed");
    expect(
      outcome(
        older({ meshTLS: { identities: ["*.shop.serviceaccount.identity.linkerd.cluster.local"] } }),
        WEB,
      ),
    ).toBe("allowed");
    expect(outcome(older({ meshTLS: { serviceAccounts: [{ name: "web" }] } }), WEB)).toBe("allowed");
    expect(outcome(older({ meshTLS: { serviceAccounts: [{ name: "web", namespace: "bi" }] } }), WEB)).toBe(
      "denied",
    );
    expect(outcome(older({ meshTLS: {} }), WEB)).toBe("denied");
    expect(outcome(older({}), WEB)).toBe("denied");
  });
});
