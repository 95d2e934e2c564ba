import { UNKNOWN } from "../../policy/sdk";
import { selfSigned } from "../../testing/certificates";
import {
  beside,
  bundles,
  type Case,
  GRANT,
  gatewayApi,
  gatewayPolicy,
  IN_POLICY_GROUP,
  otherBundle,
  planted,
  plantedCase,
  property,
  refTo,
  second,
  set,
  unprotected,
} from "./changes";

const EXPIRED = selfSigned({ curve: "P-256" }, { from: 2015, to: 2020 }).pem;
const SERVER_AUTHORIZATION = `${IN_POLICY_GROUP}/v1beta1:ServerAuthorization`;
const NETWORK = `${IN_POLICY_GROUP}/v1alpha1:NetworkAuthentication`;
const MESH_TLS = `${IN_POLICY_GROUP}/v1alpha1:MeshTLSAuthentication`;
const TO_CHECKOUT = {
  server: { name: "fleet.checkout.http" },
  client: { meshTLS: { identities: ["web.shop.serviceaccount.identity.linkerd.us.example.com"] } },
};
const PROBED = "prod-us-billing-payments-grant-admin-get-ready.2147b936";

const EXPORTED = "mirror.linkerd.io/exported";
const LINK = "prod-us-to-prod-eu-link";
const DESTINATION = "prod-us-to-prod-eu-destination";
const CUSTOMERS = "prod-eu-crm-customers-grant-http";
const RELEASE = "prod-us-linkerd-release";
const ISSUER = "prod-us-issuer-certificate";
const KEY = "-----BEGIN EC PRIVATE KEY-----\n(made up)\n-----END EC PRIVATE KEY-----";

/** For each rule at least one, and one for each thing it looks at, on the fleet of `examples/three-regions.yaml`. */
export const CASES: readonly Case[] = [
  {
    rule: "link-fields",
    broken: set(LINK, ["spec", "gatewayAdress"], "192.0.2.1"),
    unknown: set(LINK, ["spec", "probeSpec"], UNKNOWN),
  },
  property("link-selectors", LINK, ["spec", "selector"], undefined),
  property("link-selectors", LINK, ["spec", "federatedServiceSelector", "matchLabels"], {}),
  property(
    "link-selectors",
    LINK,
    ["spec", "remoteDiscoverySelector", "matchExpressions", 0, "operator"],
    "NotIn",
  ),
  property(
    "link-named",
    LINK,
    ["spec", "remoteDiscoverySelector", "matchExpressions", 0, "values"],
    ["remote-discovery"],
  ),
  property("link-named", LINK, ["spec", "selector", "matchLabels", EXPORTED], "true.bi.reports"),
  property("link-named", "prod-apac-to-prod-eu-link", ["spec", "remoteDiscoverySelector"], {
    matchExpressions: [
      { key: EXPORTED, operator: "In", values: ["remote-discovery", "remote-discovery.crm.customers"] },
    ],
  }),
  property("link-excludes", LINK, ["spec", "excludedLabels"], []),
  property("link-excludes", LINK, ["spec", "excludedAnnotations"], []),
  property("links-declared", LINK, ["spec", "targetClusterName"], "mars"),
  property("link-names", LINK, ["metadata", "name"], "europe"),
  property("link-names", LINK, ["spec", "clusterCredentialsSecret"], "cluster-credentials-europe"),
  property("link-names", DESTINATION, ["metadata", "name"], "cluster-credentials-europe"),
  property(
    "link-names",
    DESTINATION,
    ["metadata", "labels", "multicluster.linkerd.io/cluster-name"],
    "europe",
  ),
  {
    rule: "link-names",
    broken: set("prod-us-multicluster-release", ["values", "controllers", 0, "link", "ref", "name"], "mars"),
    unknown: set("prod-us-multicluster-release", ["values", "controllers"], UNKNOWN),
  },
  property("access-read-only", "prod-us-access-role", ["rules", 0, "verbs", 0], "delete"),
  property("access-no-wildcard", "prod-us-access-role", ["rules", 0, "resources", 0], "*"),
  property("access-per-source", "prod-us-for-prod-eu-binding", ["subjects", 0, "name"], "default"),
  property("credentials-form", DESTINATION, ["type"], "Opaque"),
  property("credentials-form", "prod-us-linkerd-issuer", ["type"], "mirror.linkerd.io/remote-kubeconfig"),
  ...["trust-domain", "cluster-domain"].map((key) =>
    property(
      "credentials-form",
      DESTINATION,
      ["metadata", "annotations", `multicluster.linkerd.io/${key}`],
      undefined,
    ),
  ),
  property(
    "credentials-form",
    DESTINATION,
    ["metadata", "labels", "multicluster.linkerd.io/cluster-name"],
    undefined,
  ),
  property("exports-declared", "prod-us-shop-checkout-labels", ["metadata", "labels", EXPORTED], "true"),
  // To every linked cluster, against `to`.
  property(
    "exports-declared",
    "prod-eu-crm-customers-labels",
    ["metadata", "labels", EXPORTED],
    "remote-discovery",
  ),
  property("exports-governed", `${GRANT}-http`, ["metadata", "labels", "linkerd-fleet/service"], "other"),
  property("exports-governed", CUSTOMERS, ["spec", "port"], 8080),
  property("exports-governed", `${CUSTOMERS}-callers`, ["spec", "targetRef", "name"], "fleet.other.http"),
  property(
    "exports-governed",
    `${GRANT}-http-callers`,
    ["spec", "requiredAuthenticationRefs", 0, "name"],
    "nobody",
  ),
  property("federated-alike", `${GRANT}-http`, ["spec", "proxyProtocol"], "gRPC"),
  property("no-any-identity", `${GRANT}-http-identities`, ["spec", "identities", 0], "*"),
  property("server-denies", `${GRANT}-http`, ["spec", "accessPolicy"], "all-unauthenticated"),
  property("no-audit", `${GRANT}-http`, ["spec", "accessPolicy"], "audit"),
  plantedCase("no-audit", `${IN_POLICY_GROUP}/v1beta3:Server`, "mine", ["accessPolicy"], "audit", {
    port: "http",
  }),
  property("callers-authenticated", `${GRANT}-http-callers`, ["spec", "requiredAuthenticationRefs"], []),
  property("networks-bounded", `${GRANT}-local-networks`, ["spec", "networks", 0, "cidr"], "0.0.0.0/0"),
  property("networks-bounded", `${GRANT}-local-networks`, ["spec", "networks", 0, "cidr"], "128.0.0.0/1"),
  property(
    "networks-bounded",
    `${GRANT}-local-networks`,
    ["spec", "networks"],
    Array.from({ length: 256 }, (_, first) => ({ cidr: `${first}.0.0.0/8` })),
  ),
  property("networks-bounded", `${GRANT}-local-networks`, ["spec", "networks", 0, "cidr"], "2000::/3"),
  // The chart's own, and those of probes, are known by name, and hold elsewhere what they say.
  plantedCase("networks-bounded", NETWORK, "source-cluster", ["networks", 0, "cidr"], "::/0", {
    networks: [{}],
  }),
  plantedCase("no-any-identity", MESH_TLS, "any-meshed", ["identities", 0], "*", { identities: [] }),
  ...[
    "*.identity.linkerd.us.example.com",
    "*.example.com",
    "*.serviceaccount.identity.linkerd.us.example.com",
  ].map((identity) =>
    property("no-any-identity", `${GRANT}-http-identities`, ["spec", "identities", 0], identity),
  ),
  ...[
    ["unauthenticated", true],
    ["meshTLS", { unauthenticatedTLS: true }],
    ["meshTLS", { identities: ["*"] }],
    ["meshTLS", { identities: ["*.identity.linkerd.us.example.com"] }],
    ["networks", [{ cidr: "0.0.0.0/1" }, { cidr: "128.0.0.0/1" }]],
  ].map(([key, value]) =>
    plantedCase(
      "server-authorizations",
      SERVER_AUTHORIZATION,
      "old",
      ["client", String(key)],
      value,
      TO_CHECKOUT,
    ),
  ),
  beside(
    planted(NETWORK, "fleet.checkout.local", { networks: [{ cidr: "10.0.0.0/16" }] }, "linkerd-multicluster"),
    property(
      "callers-authenticated",
      `${GRANT}-http-local`,
      ["spec", "requiredAuthenticationRefs", 0, "namespace"],
      "linkerd-multicluster",
    ),
  ),
  gatewayPolicy("linkerd-gateway", [refTo("NetworkAuthentication", "source-cluster")]),
  gatewayPolicy("mine", [refTo("MeshTLSAuthentication", "any-meshed")]),
  property(
    "callers-authenticated",
    "prod-us-billing-payments-grant-grpc-local",
    ["spec", "requiredAuthenticationRefs"],
    [refTo("MeshTLSAuthentication", "fleet.payments.local")],
  ),
  property("probe-routes", PROBED, ["spec", "rules", 0, "matches", 0, "path", "value"], "/"),
  property("probe-routes", PROBED, ["spec", "rules", 0, "matches", 0, "path", "type"], "PathPrefix"),
  property("probe-routes", PROBED, ["spec", "rules", 0, "matches"], []),
  property(
    "gateway-reach",
    "prod-us-multicluster-release",
    ["values", "gateway", "deploymentAnnotations"],
    {},
  ),
  property(
    "gateway-reach",
    "prod-us-multicluster-release",
    ["values", "gateway", "deploymentAnnotations", "config.linkerd.io/proxy-additional-env"],
    JSON.stringify([{ name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "svc.cluster.local." }]),
  ),
  property(
    "gateway-networks",
    "prod-us-multicluster-gateway-networks",
    ["spec", "networks", 0, "cidr"],
    "0.0.0.0/0",
  ),
  property("gateway-identities", "prod-us-multicluster-gateway-identities", ["spec", "identities", 0], "*"),
  {
    rule: "certificate-dates",
    broken: bundles("an anchor that expired", EXPIRED),
    unknown: bundles("(unknown)", UNKNOWN),
  },
  property("keys-p256", "prod-us-issuer-key", ["ecdsaCurve"], "P224"),
  property("lifetimes", ISSUER, ["validityPeriodHours"], 20_000),
  property("lifetimes", "trust-2026-certificate", ["validityPeriodHours"], 200_000),
  property("lifetimes", ISSUER, ["earlyRenewalHours"], 0),
  property("lifetimes", ISSUER, ["earlyRenewalHours"], 8760),
  property("anchor-never-renews", "trust-2026-certificate", ["earlyRenewalHours"], 1440),
  unprotected("trust-2026-certificate"),
  unprotected("trust-2026-key"),
  property("issuer-outside-values", RELEASE, ["values", "identity", "externalCA"], false),
  property("issuer-outside-values", RELEASE, ["values", "identity", "issuer", "scheme"], "linkerd.io/tls"),
  property("issuer-outside-values", RELEASE, ["values", "identity", "issuer", "tls"], {
    keyPEM: "(made up)",
  }),
  otherBundle("prod-us-linkerd-trust-roots", ["data", "ca-bundle.crt"]),
  otherBundle(RELEASE, ["values", "identityTrustAnchorsPEM"]),
  property("chart-version", "prod-us-linkerd-crds", ["version"], "latest"),
  property("chart-source", "prod-us-linkerd-crds", ["repositoryOpts", "repo"], "https://charts.example.com"),
  ...[
    "https://helm.linkerd.io.example.org/edge",
    "https://helm.linkerd.io@example.org/",
    "http://helm.linkerd.io/edge",
    "https://helm.linkerd.io:8443/edge",
    "https://helm.buoyant.cloud.example.org",
  ].map((repo) => property("chart-source", "prod-us-linkerd-crds", ["repositoryOpts", "repo"], repo)),
  // Helm takes these before it asks the repository.
  property("chart-source", "prod-us-linkerd-crds", ["chart"], "oci://example.org/linkerd-crds"),
  property("chart-source", "prod-us-linkerd-crds", ["chart"], "./../elsewhere/linkerd-crds"),
  { rule: "gateway-api-version", broken: gatewayApi("v1.6.0"), unknown: gatewayApi(UNKNOWN) },
  { rule: "gateway-api-version", broken: gatewayApi("v1.0.0"), unknown: gatewayApi(UNKNOWN) },
  property("values-no-key", RELEASE, ["values", "extra"], KEY),
  property("values-no-key", RELEASE, ["values", "extra"], Buffer.from(KEY).toString("base64")),
  property("version-skew", RELEASE, ["version"], "2025.1.1"),
  property("version-skew", "prod-us-multicluster-release", ["version"], "2025.1.1"),
  { rule: "one-multicluster", broken: second({}), unknown: second({ chart: UNKNOWN }) },
  property("high-availability", RELEASE, ["values", "controllerReplicas"], 1),
  property("provider-identifier", "prod-us", ["clusterIdentifier"], "us"),
  property("provider-mutable", "prod-us", ["enableSecretMutable"], "false"),
  property("provider-mutable", "prod-us", ["enableConfigMapMutable"], "false"),
];
