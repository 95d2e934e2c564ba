import type { Mistake, Sections } from "./sound";

const checkout = (more: object) => (f: Sections) => void Object.assign(f.services[0], more);
const web = { namespace: "shop", serviceAccount: "web" };
const gateway = { name: "reports", namespace: "bi", mode: "gateway", in: ["eu"], ports: [8080] };

export const GRANTS: readonly Mistake[] = [
  [
    "two services of the same pods with other callers",
    (f) => {
      const pods = { app: "checkout" };
      Object.assign(f.services[0], { pods });
      const allow = [{ namespace: "shop" }];
      f.services.push({ ...f.services[0], name: "orders", pods: { ...pods, tier: "front" }, allow });
    },
    "services[1].pods",
    "one Service",
  ],
  ["a service without ports", (f) => delete f.services[0].ports, "services[0].ports", "add"],
  ["a port name that no pod can have", checkout({ ports: ["Web Port"] }), "services[0].ports[0]", "dashes"],
  ["a port that is named twice", checkout({ ports: [8080, 9090, 8080] }), "services[0].ports[2]", "remove"],
  ["pods of no label, which are all", checkout({ pods: {} }), "services[0].pods", "selector of the Service"],
  [
    "an audit of HTTP requests without probes",
    checkout({ enforce: "audit" }),
    "services[0].probes",
    "paths of the pods' HTTP probes",
  ],
  [
    "an audit by a Linkerd that knows none",
    (f) => {
      f.linkerd.version = "2024.7.4";
      checkout({ enforce: "audit", probes: [] })(f);
    },
    "services[0].enforce",
    "upgrade us, eu first",
  ],
  [
    "a word that Linkerd has for another policy",
    checkout({ enforce: "all-unauthenticated" }),
    "services[0].enforce",
    "one of them",
  ],
  [
    "an audit of a Service that another entry denies",
    (f) => {
      const audited = { ...f.services[0], mode: "gateway", in: ["eu"], enforce: "audit", probes: [] };
      f.services.push({ ...audited, allowGateway: true });
      Object.assign(f.services[0], { probes: [] });
    },
    "services[1].enforce",
    "same in both",
  ],
  [
    "a grant without namespace",
    checkout({ allow: [{ serviceAccount: "web" }] }),
    "services[0].allow[0].namespace",
    "add",
  ],
  [
    "a grant for a port the service does not have",
    checkout({ allow: [{ ...web, ports: [8080, 9090] }] }),
    "services[0].allow[0].ports[1]",
    "8080",
  ],
  [
    "a grant to a cluster that does not exist",
    checkout({ allow: [{ ...web, cluster: "apca" }] }),
    "services[0].allow[0].cluster",
    "apac",
  ],
  [
    "a grant to one cluster of a shared trust domain",
    checkout({ allow: [{ ...web, cluster: "us" }] }),
    "services[0].allow[0].cluster",
    "of its own",
  ],
  [
    "a grant to a cluster that the service is not for",
    (f) => {
      f.clusters.apac.trustDomain = "apac.example.com";
      checkout({ to: ["us", "eu"], allow: [{ ...web, cluster: "apac" }] })(f);
    },
    "services[0].allow[0].cluster",
    "add it to `to`",
  ],
  [
    "a grant to a trust domain of clusters that the service is not for",
    (f) => {
      f.clusters.apac.trustDomain = "apac.example.com";
      checkout({ to: ["us", "eu"], allow: [{ ...web, trustDomain: "apac.example.com" }] })(f);
    },
    "services[0].allow[0].trustDomain",
    "add it to `to`",
  ],
  [
    "a grant to an identity of a cluster that the service is not for",
    (f) => {
      f.clusters.apac.trustDomain = "apac.example.com";
      const identity = "web.shop.serviceaccount.identity.linkerd.apac.example.com";
      checkout({ to: ["us", "eu"], allow: [{ identity }] })(f);
    },
    "services[0].allow[0].identity",
    "add it to `to`",
  ],
  [
    "every meshed caller of a service for some clusters",
    checkout({ to: ["us", "eu"], allowAnyMeshed: true }),
    "services[0].allowAnyMeshed",
    "`allow`",
  ],
  [
    "a grant to a trust domain that no cluster has",
    checkout({ allow: [{ ...web, trustDomain: "elsewhere.example.com" }] }),
    "services[0].allow[0].trustDomain",
    "identity",
  ],
  [
    "a grant to a cluster and a trust domain",
    checkout({ allow: [{ ...web, cluster: "us", trustDomain: "cluster.local" }] }),
    "services[0].allow[0].trustDomain",
    "one of them",
  ],
  [
    "a grant to an identity and a namespace",
    checkout({
      allow: [{ identity: "web.shop.serviceaccount.identity.linkerd.cluster.local", namespace: "shop" }],
    }),
    "services[0].allow[0].namespace",
    "one of them",
  ],
  ...["*", "*.cluster.local", "web.shop", "*.serviceaccount.identity.linkerd.cluster.local"].map(
    (identity): Mistake => [
      `the identity ${identity}`,
      checkout({ allow: [{ identity }] }),
      "services[0].allow[0].identity",
      "<service account>",
    ],
  ),
  ...["api", "/api/*", "/api?q=1", "/a//b", "/a/../b", "/a%2Fb"].map(
    (value): Mistake => [
      `a grant for the path ${value}`,
      checkout({ probes: [], allow: [{ ...web, routes: [{ path: { value } }] }] }),
      "services[0].allow[0].routes[0].path.value",
      "as it is sent",
    ],
  ),
  [
    "a grant for requests of a port that is opaque",
    checkout({ protocol: "opaque", probes: [], allow: [{ ...web, routes: [{ method: "GET" }] }] }),
    "services[0].allow[0].routes",
    "leave `routes` out",
  ],
  [
    "a grant for requests of a gRPC port",
    checkout({ protocol: "gRPC", probes: [], allow: [{ ...web, routes: [{ method: "POST" }] }] }),
    "services[0].allow[0].routes",
    "HTTP/2",
  ],
  [
    "a grant for requests that keeps out probes",
    checkout({ allow: [{ ...web, routes: [{ method: "GET" }] }] }),
    "services[0].probes",
    "[]",
  ],
  [
    "a grant for an exact path beside one for all below it",
    checkout({
      probes: [],
      allow: [
        { ...web, routes: [{ path: { type: "Exact", value: "/api" } }] },
        { namespace: "bi", routes: [{ path: { value: "/api" } }] },
      ],
    }),
    "services[0].allow[0].routes[0].path",
    "PathPrefix",
  ],
  [
    "a probe that a grant for its method ties with",
    checkout({ probes: ["/ready", "/"], allow: [{ ...web, routes: [{ method: "GET" }] }] }),
    "services[0].probes[1]",
    "probe another path",
  ],
  [
    "entries that differ in probes",
    (f) => f.services.push({ ...f.services[0], mode: "flat", in: ["eu"], probes: ["/ready"] }),
    "services[1].probes",
    "same",
  ],
  [
    "everybody and somebody",
    checkout({ allow: [web], allowAnyMeshed: true }),
    "services[0].allowAnyMeshed",
    "only one",
  ],
  [
    "a grant for the gateway to a service that is federated",
    checkout({ allowGateway: true }),
    "services[0].allowGateway",
    "allow",
  ],
  [
    "named callers of a gateway service",
    (f) => f.services.push({ ...gateway, allow: [web] }),
    "services[1].allow",
    "allowedIdentities",
  ],
  [
    "a gateway service that the gateway could call as a local caller",
    (f) => f.services.push(gateway),
    "services[1].allowGateway",
    "allowGateway: true",
  ],
  [
    "local callers without namespace",
    checkout({ local: [{ serviceAccount: "web" }] }),
    "services[0].local[0].namespace",
    "add",
  ],
  [
    "entries that differ in ports",
    (f) =>
      f.services.push({ ...f.services[0], mode: "gateway", in: ["eu"], ports: [9090], allowGateway: true }),
    "services[1].ports",
    "same",
  ],
  [
    "a namespace's default policy that is none",
    (f) => (f.clusters.eu.namespaces = { shop: { defaultInboundPolicy: "denied" } }),
    "clusters.eu.namespaces.shop.defaultInboundPolicy",
    "one of them",
  ],
  [
    "a namespace without what differs",
    (f) => (f.clusters.eu.namespaces = { shop: {} }),
    "clusters.eu.namespaces.shop.defaultInboundPolicy",
    "add",
  ],
  [
    "a default policy of Linkerd's own namespace",
    (f) => (f.clusters.eu.namespaces = { linkerd: { defaultInboundPolicy: "deny" } }),
    "clusters.eu.namespaces.linkerd",
    "whole cluster",
  ],
  [
    "probe networks that keep out the probes of a gateway's sources",
    (f) => {
      const values = { policyController: { probeNetworks: ["10.0.0.0/8"] } };
      f.clusters.eu.linkerd = { charts: { controlPlane: { values } } };
      f.clusters.eu.gateway = { type: "loadBalancer", allowedNetworks: ["10.1.0.0/16", "192.0.2.0/24"] };
    },
    "clusters.eu.linkerd.charts.controlPlane.values.policyController.probeNetworks",
    "add them",
  ],
  [
    "an identity at the gateway that cannot exist",
    (f) => (f.clusters.eu.gateway = { type: "loadBalancer", allowedIdentities: ["*.cluster.local"] }),
    "clusters.eu.gateway.allowedIdentities[0]",
    "or * alone",
  ],
];
