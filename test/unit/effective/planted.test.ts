import { describe, expect, test } from "vitest";
import { planFleet } from "../../../fleet/plan";
import { compareAccess, identity, meshedPod, type Raw } from "../../../testing/effective";
import { clusterFrom, plannedObjects } from "../../../testing/effectiveFleet";
import { cluster, fleetOf } from "../../../testing/fleets";

const shared = (name: string, at: number) =>
  cluster(name, { network: "one", podNetworks: [`10.${at}.0.0/16`] });
const plan = planFleet(
  fleetOf(
    { us: shared("us", 1), eu: shared("eu", 2) },
    {
      services: [
        {
          ...{ name: "checkout", namespace: "shop", mode: "federated", in: ["us"], ports: ["http"] },
          allow: [{ serviceAccount: "web", namespace: "shop" }],
        },
      ],
    },
  ),
);

const POLICY = "policy.linkerd.io";
const GATEWAY_API = "gateway.networking.k8s.io";
const SERVER = "fleet.checkout.http";
const EVIL = identity("evil", "evil");
const meta = (namespace = "shop", more: object = {}) => ({ name: "planted", namespace, ...more });
const ref = (kind: string, name = "planted", more: object = {}) => ({ group: POLICY, kind, name, ...more });
const toServer = ref("Server", SERVER);
const lets = (targetRef: object, ...requiredAuthenticationRefs: object[]): Raw => ({
  authorizationPolicies: [{ metadata: meta(), spec: { targetRef, requiredAuthenticationRefs } }],
});
const evil = (namespace?: string): Raw => ({
  meshTlsAuthentications: [{ metadata: meta(namespace), spec: { identities: [EVIL] } }],
});
const near = (networks: object[]): Raw => ({
  networkAuthentications: [{ metadata: meta(), spec: { networks } }],
  ...lets(toServer, ref("NetworkAuthentication")),
});
const MTLS = ref("MeshTLSAuthentication");
const OLD = "2020-01-01T00:00:00Z";
const older = (spec: object): Raw => ({
  servers: [
    { metadata: meta("shop", { creationTimestamp: OLD }), spec: { podSelector: {}, port: "http", ...spec } },
  ],
});
const route = (rule: object, more: object = {}) => ({
  metadata: meta(),
  spec: { parentRefs: [toServer], rules: [rule], ...more },
});
const routed = (rule: object, more: object = {}): Raw => ({
  gatewayHttpRoutes: [route(rule, more)],
  ...lets({ group: GATEWAY_API, kind: "httproute", name: "planted" }, MTLS),
  ...evil(),
});
const saz = (server: object, client: object): Raw => ({
  serverAuthorizations: [{ metadata: meta(), spec: { server, client } }],
});
const pod = (change: { annotations?: object; spec?: object }, labels: object = { app: "checkout" }): Raw => ({
  pods: [
    meshedPod("planted", {
      metadata: { labels, annotations: change.annotations ?? {} },
      spec: change.spec ?? {},
      status: { podIP: "10.1.0.77" },
    }),
  ],
});
const env = (name: string, value: string) => ({
  "config.linkerd.io/proxy-additional-env": JSON.stringify([{ name, value }]),
});

/** What somebody writes, and how `verify` names it. */
const PLANTED: readonly [string, Raw, RegExp][] = [
  ["an address of one pod of a neighbour", near([{ cidr: "10.2.7.7/32" }]), /^open .*planted/],
  ["a part of a neighbour's network", near([{ cidr: "10.2.128.0/17" }]), /^open .*planted/],
  ["a network with a hole", near([{ cidr: "10.2.0.0/16", except: ["10.2.0.0/24"] }]), /^open .*planted/],
  ["a network of both families", near([{ cidr: "10.2.0.9" }, { cidr: "fd00::/8" }]), /^open .*planted/],
  ["a policy without authentications", lets(toServer), /^open .*planted/],
  [
    "a policy of the namespace",
    { ...lets({ kind: "namespace", name: "x" }, MTLS), ...evil() },
    /^open .*planted/,
  ],
  [
    "an authentication of another namespace",
    { ...lets(toServer, ref("MESHTLSAUTHENTICATION", "planted", { namespace: "bi" })), ...evil("bi") },
    /^open .*planted/,
  ],
  [
    "an account",
    lets(toServer, { kind: "serviceaccount", name: "evil", namespace: "evil" }),
    /^open .*planted/,
  ],
  [
    "TLS without identity",
    saz({ name: SERVER }, { meshTLS: { unauthenticatedTLS: true } }),
    /^open .*planted/,
  ],
  ["every Server by no selector", saz({}, { unauthenticated: true }), /^open .*planted/],
  [
    "every Server by a label that it has not",
    saz(
      { selector: { matchExpressions: [{ key: "constructor", operator: "DoesNotExist" }] } },
      { meshTLS: { identities: [EVIL] } },
    ),
    /^open .*planted/,
  ],
  ["an older Server that audits", older({ accessPolicy: "audit" }), /^open .*Server shop\/planted/],
  [
    "an older Server by a label that pods have not",
    older({
      podSelector: { matchExpressions: [{ key: "toString", operator: "DoesNotExist" }] },
      accessPolicy: "all-unauthenticated",
    }),
    /^open .*Server shop\/planted/,
  ],
  [
    "an older Server for all meshed",
    older({ accessPolicy: "all-authenticated" }),
    /^open .*Server shop\/planted/,
  ],
  ["an older closed Server", older({ accessPolicy: "deny" }), /^closed .*Server shop\/planted/],
  ["an older opaque Server", older({ proxyProtocol: "opaque" }), /^closed .*Server shop\/planted/],
  ["a route by path", routed({ matches: [{ path: { type: "Exact", value: "/x" } }] }), /^open .*planted/],
  [
    "a route by expression",
    routed({ matches: [{ path: { type: "RegularExpression", value: "/adm.n/[0-9]+" } }] }),
    /^open .*planted/,
  ],
  [
    "a route by expression that JavaScript does not know",
    routed({ matches: [{ path: { type: "RegularExpression", value: "\\A/\\pL+\\z" } }] }),
    /^open .*planted/,
  ],
  ["a route by header", routed({ matches: [{ headers: [{ name: "x", value: "y" }] }] }), /^open .*planted/],
  [
    "a route by an expression of a header",
    routed({ matches: [{ headers: [{ name: "x", type: "RegularExpression", value: "y+" }] }] }),
    /^unknown .*planted/,
  ],
  [
    "a route by parameter",
    routed({ matches: [{ queryParams: [{ name: "x", value: "y" }] }] }),
    /^open .*planted/,
  ],
  ["a route by host", routed({ matches: [] }, { hostnames: ["x.example"] }), /^open .*planted/],
  ["a route by suffix of hosts", routed({ matches: [] }, { hostnames: ["*.example"] }), /^open .*planted/],
  [
    "a route that redirects nothing",
    routed({ filters: [{ type: "RequestRedirect", requestRedirect: { statusCode: 302 } }] }),
    /^open .*planted/,
  ],
  [
    "a route that redirects to a host",
    routed({ filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "x.example" } }] }),
    /^unknown .*planted/,
  ],
  [
    "a pod that skips a range of ports",
    pod({ annotations: { "config.linkerd.io/skip-inbound-ports": "+8000-9000" } }),
    /^open .*Pod shop\/planted/,
  ],
  [
    "a pod that skips a subnet",
    pod({ annotations: { "config.linkerd.io/skip-subnets": "10.0.0.0/8" } }),
    /^open .*Pod shop\/planted/,
  ],
  [
    "a pod that asks another controller",
    pod({ annotations: env("LINKERD2_PROXY_POLICY_SVC_ADDR", "evil.:8090") }),
    /^unknown .*Pod shop\/planted/,
  ],
  [
    "a pod that believes another authority",
    pod({ annotations: env("LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", "x") }),
    /^unknown .*Pod shop\/planted/,
  ],
  [
    "a pod that asks for other policies",
    pod({ annotations: env("LINKERD2_PROXY_POLICY_WORKLOAD", "x") }),
    /^unknown .*Pod shop\/planted/,
  ],
  ["a pod of the host's network", pod({ spec: { hostNetwork: true } }), /^open .*Pod shop\/planted/],
];

describe("what somebody plants beside an exported service", () => {
  test.each(PLANTED)("is named: %s", (_, objects, named) => {
    expect(differences(objects).some((one) => named.test(one))).toBe(true);
  });

  test.each<[string, Raw]>([
    ["nothing", {}],
    ["a network that no Linkerd reads", near([{ cidr: "10.0.0.0/x" }])],
    ["a mapped network, which holds no caller", near([{ cidr: "::ffff:10.0.0.0/104" }])],
    ["an older Server of a protocol that is none", older({ proxyProtocol: "http", accessPolicy: "audit" })],
    ["an authentication that no policy names", evil()],
  ])("is harmless: %s", (_, objects) => {
    expect(differences(objects)).toEqual([]);
  });

  function differences(objects: Raw): string[] {
    const clusters = new Map(
      plan.clusters.map((planned) => {
        const lists = plannedObjects(plan, planned, planned.name === "us" ? 1 : 2);
        const more = planned.name === "us" ? objects : {};
        const all = Object.entries(lists).map(([kind, of]) => [
          kind,
          [...of, ...(more[kind as keyof Raw] ?? [])],
        ]);
        return [planned.name, clusterFrom(Object.fromEntries(all), planned)] as const;
      }),
    );
    return compareAccess(plan, clusters).map(({ kind, why, by }) => `${kind} ${why} (${by.join(", ")})`);
  }
});
