import { MULTICLUSTER_NAMESPACE } from "../fleet/config/names";
import { GATEWAY_SUFFIXES } from "../fleet/gateways/reach";

/** An object as somebody applies it. */
export interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Something that somebody does in the cluster `eu` of the fleet of `meshStackFile`. */
export interface Planted {
  readonly what: string;
  readonly create?: readonly Applied[];
  /** What is created was there before the fleet's own Server of `checkout`. */
  readonly older?: true;
  /** JSON merge patches of what is there. */
  readonly edit?: readonly {
    readonly of: Pick<Applied, "apiVersion" | "kind" | "metadata">;
    readonly change: object;
  }[];
  /** What API servers say of it, where CRDs and webhooks refuse it. */
  readonly refused?: RegExp;
  /** What a finding of `verify` says, or why there is none. */
  readonly found: RegExp | { readonly harmless: string };
}

const POLICY = "policy.linkerd.io";
const SERVER = "fleet.checkout.http";
const EVIL = "evil.evil.serviceaccount.identity.linkerd.cluster.local";

function made(apiVersion: string, kind: string) {
  return (
    spec: object,
    { name = "planted", namespace = "shop", ...more }: Partial<Applied["metadata"]> = {},
  ): Applied => ({
    ...{ apiVersion, kind, metadata: { name, namespace, ...more } },
    spec,
  });
}
const server = made(`${POLICY}/v1beta3`, "Server");
const policy = made(`${POLICY}/v1alpha1`, "AuthorizationPolicy");
const mtls = made(`${POLICY}/v1alpha1`, "MeshTLSAuthentication");
const network = made(`${POLICY}/v1alpha1`, "NetworkAuthentication");
const serverAuthorization = made(`${POLICY}/v1beta1`, "ServerAuthorization");
const route = made(`${POLICY}/v1beta3`, "HTTPRoute");
const gatewayRoute = made("gateway.networking.k8s.io/v1", "HTTPRoute");
const grpcRoute = made("gateway.networking.k8s.io/v1", "GRPCRoute");

const ref = (kind: string, name = "planted", more: object = {}) => ({ group: POLICY, kind, name, ...more });
const lets = (targetRef: object, ...requiredAuthenticationRefs: object[]) =>
  policy({ targetRef, requiredAuthenticationRefs });
const toServer = ref("Server", SERVER);
const evil = mtls({ identities: [EVIL] });
const checkout = { podSelector: { matchLabels: { app: "checkout" } }, port: "http" };
const open = { ...checkout, accessPolicy: "all-unauthenticated" };
const parentRefs = [toServer];
const matching = (value: string, more: object = {}) => ({
  parentRefs,
  rules: [{ matches: [{ path: { type: "Exact", value }, ...more }] }],
});
const existing = (apiVersion: string, kind: string, name: string, namespace = "shop") => ({
  ...{ apiVersion, kind, metadata: { name, namespace } },
});
const ours = existing(`${POLICY}/v1beta3`, "Server", SERVER);

const REMOTE_NAME = "mirror.linkerd.io/remote-svc-fq-name";
const REMOTE_IDENTITY = "mirror.linkerd.io/remote-gateway-identity";
const GATEWAY_IDENTITY = "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";
const service = made("v1", "Service");
const PORTS = { ports: [{ name: "http", port: 80 }] };
/** Of the Service `planted`, at the address of a gateway. */
function slice(
  annotations: Readonly<Record<string, string>>,
  { namespace = "shop" }: { readonly namespace?: string } = {},
): Applied {
  return {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
    metadata: {
      name: "planted",
      namespace,
      labels: { "kubernetes.io/service-name": "planted" },
      annotations,
    },
    addressType: "IPv4",
    endpoints: [{ addresses: ["198.51.100.1"] }],
    ports: [{ name: "http", port: 4143 }],
  };
}

interface PodChange {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly ports?: readonly object[];
  readonly proxy?: boolean;
  readonly spec?: object;
}
/** One more pod, as the injector leaves it, behind `checkout` by default. */
function pod({
  labels = { app: "checkout" },
  annotations = {},
  namespace = "shop",
  proxy = true,
  ...more
}: PodChange): Applied {
  const ports = more.ports ?? [{ name: "http", containerPort: 8080 }];
  const container = (name: string, of: readonly object[]) => ({ name, image: `${name}:demo`, ports: of });
  const inbound = [{ name: "linkerd-proxy", containerPort: 4143 }];
  return {
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: {
      ...{ name: "planted", namespace, labels },
      annotations: { ...(proxy ? {} : { "linkerd.io/inject": "disabled" }), ...annotations },
    },
    spec: {
      containers: [container("app", ports), ...(proxy ? [container("linkerd-proxy", inbound)] : [])],
      ...more.spec,
    },
    status: { phase: "Running", podIP: "10.2.0.77" },
  };
}
const annotated = (name: string, value: string) =>
  pod({ annotations: { [`config.linkerd.io/${name}`]: value } });
const gateway = { namespace: MULTICLUSTER_NAMESPACE, labels: { app: "linkerd-gateway" } };

const opens = (object: string) => new RegExp(`port http lets in .*nothing declares them.*${object}`);
const closes = (object: string) => new RegExp(`port http keeps out .*who are declared.*${object}`);
const BY_POLICY = opens("AuthorizationPolicy shop/planted");
const BY_POD = opens("Pod shop/planted");

export const PLANTED: readonly Planted[] = [
  // Servers
  { what: "an older open Server", create: [server(open)], older: true, found: opens("Server shop/planted") },
  {
    what: "an older Server for every pod that audits",
    create: [server({ podSelector: {}, port: "http", accessPolicy: "audit" })],
    older: true,
    found: opens("Server shop/planted"),
  },
  {
    what: "an older closed Server",
    create: [server({ ...checkout, accessPolicy: "deny" })],
    older: true,
    found: closes("Server shop/planted"),
  },
  { what: "a younger open Server", create: [server(open)], found: { harmless: "the older one counts" } },
  {
    what: "an open Server of another namespace",
    create: [server(open, { namespace: "bi" })],
    older: true,
    found: { harmless: "it selects pods of its namespace" },
  },
  {
    what: "our Server, opened",
    edit: [{ of: ours, change: { spec: { accessPolicy: "all-unauthenticated" } } }],
    found: opens(`accessPolicy of the Server shop/${SERVER}`),
  },
  {
    what: "our Server, audited only",
    edit: [{ of: ours, change: { spec: { accessPolicy: "audit" } } }],
    found: opens(`accessPolicy of the Server shop/${SERVER}`),
  },
  {
    what: "our Server for other pods",
    edit: [{ of: ours, change: { spec: { podSelector: { matchLabels: { app: "nobody" } } } } }],
    found: opens("the default policy"),
  },
  {
    what: "our Server for opaque bytes",
    edit: [{ of: ours, change: { spec: { proxyProtocol: "opaque" } } }],
    found: closes(`Server shop/${SERVER}`),
  },
  // AuthorizationPolicies
  {
    what: "a policy for a `server`",
    create: [evil, lets(ref("server", SERVER), ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a SERVER, and a kind of authentication in small letters",
    create: [evil, lets(ref("SERVER", SERVER), ref("meshtlsauthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a Server whose name is spelt otherwise",
    create: [evil, lets(ref("Server", SERVER.toUpperCase()), ref("MeshTLSAuthentication"))],
    found: { harmless: "names are compared as they are" },
  },
  {
    what: "a policy for the Namespace",
    create: [evil, lets({ kind: "Namespace", name: "shop" }, ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  { what: "a policy that asks for nothing", create: [lets(toServer)], found: BY_POLICY },
  {
    what: "a policy for the whole Internet",
    create: [
      network({ networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] }),
      lets(toServer, ref("NetworkAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for the Internet but private networks",
    create: [
      network({ networks: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/9"] }] }),
      lets(toServer, ref("NetworkAuthentication")),
    ],
    found: { harmless: "no caller has such an address" },
  },
  {
    what: "a policy for every identity",
    create: [mtls({ identities: ["*"] }), lets(toServer, ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a suffix of identities",
    create: [
      mtls({ identities: ["*.evil.serviceaccount.identity.linkerd.cluster.local"] }),
      lets(toServer, ref("MeshTLSAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for a ServiceAccount",
    create: [lets(toServer, { kind: "ServiceAccount", name: "evil", namespace: "evil" })],
    found: BY_POLICY,
  },
  {
    what: "a policy for all accounts of a namespace",
    create: [
      mtls({ identityRefs: [{ kind: "Namespace", name: "evil" }] }),
      lets(toServer, ref("MeshTLSAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for an authentication of another namespace",
    create: [
      mtls({ identities: [EVIL] }, { namespace: "bi" }),
      lets(toServer, ref("MeshTLSAuthentication", "planted", { namespace: "bi" })),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for an authentication that is not there",
    create: [lets(toServer, ref("MeshTLSAuthentication"))],
    found: { harmless: "it lets in nobody" },
  },
  {
    what: "a policy for two identities at once",
    create: [evil, lets(toServer, ref("MeshTLSAuthentication"), { kind: "ServiceAccount", name: "evil" })],
    refused: /at most one/,
    found: { harmless: "Linkerd takes it for invalid" },
  },
  {
    what: "an authentication that no policy names",
    create: [evil],
    found: { harmless: "it lets in nobody by itself" },
  },
  {
    what: "our authentication, with one more identity",
    edit: [
      {
        of: existing(`${POLICY}/v1alpha1`, "MeshTLSAuthentication", `${SERVER}.callers`),
        change: { spec: { identities: [EVIL] } },
      },
    ],
    found: opens(`AuthorizationPolicy shop/${SERVER}.callers`),
  },
  {
    what: "our local network, widened",
    edit: [
      {
        of: existing(`${POLICY}/v1alpha1`, "NetworkAuthentication", "fleet.checkout.local"),
        change: { spec: { networks: [{ cidr: "0.0.0.0/0" }] } },
      },
    ],
    found: opens(`AuthorizationPolicy shop/${SERVER}.local`),
  },
  // ServerAuthorizations
  {
    // Its CRD takes no name with a dot (linkerd2 `charts/linkerd-crds/templates/policy/server-authorization.yaml`).
    what: "a ServerAuthorization by name, of the gateway",
    create: [
      serverAuthorization(
        { server: { name: "linkerd-gateway" }, client: { unauthenticated: true } },
        { namespace: MULTICLUSTER_NAMESPACE },
      ),
    ],
    found: { harmless: "a gateway forwards nothing for who has no identity" },
  },
  {
    what: "a ServerAuthorization for every Server",
    create: [serverAuthorization({ server: { selector: {} }, client: { meshTLS: { identities: ["*"] } } })],
    found: opens("ServerAuthorization shop/planted"),
  },
  {
    what: "a ServerAuthorization by a label, and our Server with that label",
    create: [
      serverAuthorization({
        server: { selector: { matchLabels: { team: "evil" } } },
        client: { unauthenticated: true },
      }),
    ],
    edit: [{ of: ours, change: { metadata: { labels: { team: "evil" } } } }],
    found: opens("ServerAuthorization shop/planted"),
  },
  {
    what: "a ServerAuthorization by a label that our Server has not",
    create: [
      serverAuthorization({
        server: { selector: { matchLabels: { team: "evil" } } },
        client: { unauthenticated: true },
      }),
    ],
    found: { harmless: "it selects no Server of ours" },
  },
  // Routes
  {
    what: "a route that takes declared requests",
    create: [route(matching("/jobs/urgent", { method: "POST" }))],
    found: closes("HTTPRoute shop/planted"),
  },
  {
    what: "a route of the other group that takes a probe",
    create: [gatewayRoute(matching("/ready/", { method: "GET" }))],
    found: { harmless: "another path than the probe's, as it is sent" },
  },
  {
    what: "a route, and a policy for it",
    create: [
      gatewayRoute(matching("/public")),
      lets({ group: "gateway.networking.k8s.io", kind: "httproute", name: "planted" }),
    ],
    found: BY_POLICY,
  },
  {
    what: "a GRPCRoute, which takes the Server from our routes",
    create: [grpcRoute({ parentRefs, rules: [{}] })],
    found: closes("GRPCRoute shop/planted"),
  },
  {
    what: "a route of another Server",
    create: [route({ ...matching("/jobs/urgent"), parentRefs: [ref("Server", "other")] })],
    found: { harmless: "it is about nothing of ours" },
  },
  // Pods
  {
    what: "a pod in the host's network",
    create: [pod({ proxy: false, spec: { hostNetwork: true } })],
    found: BY_POD,
  },
  { what: "a pod without a proxy", create: [pod({ proxy: false })], found: BY_POD },
  {
    what: "a pod that keeps the port from its proxy",
    create: [annotated("skip-inbound-ports", "8000-8100")],
    found: BY_POD,
  },
  {
    what: "a pod that keeps another port from its proxy",
    create: [annotated("skip-inbound-ports", "22")],
    found: { harmless: "it is another port" },
  },
  {
    what: "a pod that keeps a network from its proxy",
    create: [annotated("skip-subnets", "10.0.0.0/8")],
    found: BY_POD,
  },
  {
    what: "a pod whose port has another name",
    create: [pod({ ports: [{ name: "web", containerPort: 8080 }] })],
    found: closes(""),
  },
  {
    what: "a pod with one more port",
    create: [pod({ ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9090 }] })],
    found: /port 9090 lets in .*Pod shop\/planted/,
  },
  {
    what: "a pod with an open default policy",
    create: [annotated("default-inbound-policy", "all-unauthenticated")],
    found: { harmless: "a Server stands before it" },
  },
  {
    what: "a pod with an opaque port",
    create: [annotated("opaque-ports", "8080")],
    found: { harmless: "the Server says the protocol" },
  },
  {
    what: "an open default policy of the namespace",
    edit: [
      {
        of: { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
        change: {
          metadata: { annotations: { "config.linkerd.io/default-inbound-policy": "all-unauthenticated" } },
        },
      },
    ],
    found: { harmless: "a Server stands before it" },
  },
  // Services
  {
    what: "an exported Service that is aimed at other pods",
    create: [pod({ labels: { app: "other" } })],
    edit: [{ of: existing("v1", "Service", "checkout"), change: { spec: { selector: { app: "other" } } } }],
    found: BY_POD,
  },
  {
    what: "an exported Service that is aimed at another port",
    edit: [
      {
        of: existing("v1", "Service", "checkout"),
        change: { spec: { ports: [{ name: "http", port: 80, targetPort: 9090 }] } },
      },
    ],
    found: /port 9090 lets in/,
  },
  {
    what: "an exported Service that leads to one more port",
    edit: [
      {
        of: existing("v1", "Service", "checkout"),
        change: {
          spec: {
            ports: [
              { name: "http", port: 80, targetPort: "http" },
              { name: "admin", port: 81, targetPort: 9090 },
            ],
          },
        },
      },
    ],
    found: /port 9090 lets in .*nothing declares them/,
  },
  {
    what: "a Service that nobody exports, with one more port",
    create: [service({ selector: { app: "other" }, ports: [{ name: "admin", port: 81, targetPort: 9090 }] })],
    found: { harmless: "nothing leads other clusters to it" },
  },
  // Mirrors that no service mirror made, in a source
  {
    what: "a Service that says that it mirrors what its target does not declare",
    create: [
      service(PORTS, {
        name: "secrets-us",
        labels: { "mirror.linkerd.io/mirrored-service": "true", "mirror.linkerd.io/cluster-name": "us" },
      }),
    ],
    found: /eu: the Service shop\/secrets-us mirrors a service that us does not declare/,
  },
  {
    what: "a Service that leads to pods of another cluster",
    create: [
      service(PORTS, {
        labels: {
          "multicluster.linkerd.io/remote-discovery": "us",
          "multicluster.linkerd.io/remote-service": "secrets",
        },
      }),
    ],
    found: /eu: the Service shop\/planted leads to pods of secrets of us, which does not declare it/,
  },
  {
    what: "a Service that leads to pods of a cluster without a link",
    create: [
      service(PORTS, {
        labels: {
          "multicluster.linkerd.io/remote-discovery": "mars",
          "multicluster.linkerd.io/remote-service": "checkout",
          // As the chart's own probe Services.
          "mirror.linkerd.io/mirrored-gateway": "true",
        },
      }),
    ],
    found: /eu: the Service shop\/planted leads to pods of mars, to which no link is planned/,
  },
  {
    what: "a Service that says that it is federated",
    create: [service(PORTS, { annotations: { "multicluster.linkerd.io/remote-discovery": "secrets@us" } })],
    found: /eu: the Service shop\/planted has members that are not declared: secrets@us/,
  },
  {
    what: "a Service that says that it is of a gateway",
    create: [service(PORTS, { annotations: { [REMOTE_NAME]: "secrets.bi.svc.cluster.local" } })],
    found: /eu: the Service shop\/planted says that it is a mirror service, and of no cluster/,
  },
  {
    what: "an EndpointSlice that leads to what a gateway is not declared for",
    create: [
      service(PORTS),
      slice({ [REMOTE_NAME]: "secrets.bi.svc.cluster.local", [REMOTE_IDENTITY]: GATEWAY_IDENTITY }),
    ],
    found:
      /eu: the EndpointSlice shop\/planted sends callers to secrets\.bi\.svc\.cluster\.local through the gateway linkerd-gateway/,
  },
  {
    what: "Endpoints that lead to a gateway under the name of their own Service",
    create: [
      service(PORTS),
      {
        ...{ apiVersion: "v1", kind: "Endpoints" },
        metadata: {
          name: "planted",
          namespace: "shop",
          annotations: { [REMOTE_IDENTITY]: GATEWAY_IDENTITY },
        },
        subsets: [{ addresses: [{ ip: "198.51.100.1" }], ports: [{ name: "http", port: 4143 }] }],
      },
    ],
    found: /eu: the Endpoints shop\/planted sends callers to planted\.shop through the gateway/,
  },
  {
    what: "an EndpointSlice that leads to a gateway of no link",
    create: [
      service(PORTS),
      slice({
        [REMOTE_NAME]: "checkout.shop.svc.cluster.local",
        [REMOTE_IDENTITY]: `evil.${GATEWAY_IDENTITY}`,
      }),
    ],
    found: /eu: the EndpointSlice shop\/planted sends callers to checkout\.shop/,
  },
  {
    what: "an EndpointSlice that leads where a mirror service leads as well",
    create: [
      service(PORTS, { namespace: "bi" }),
      slice(
        { [REMOTE_NAME]: "reports.bi.svc.cluster.local", [REMOTE_IDENTITY]: GATEWAY_IDENTITY },
        { namespace: "bi" },
      ),
    ],
    found: { harmless: "it reaches what is declared" },
  },
  {
    what: "an EndpointSlice of a Service of the cluster itself",
    create: [service(PORTS), slice({ "example.com/team": "shop" })],
    found: { harmless: "it leads to no gateway" },
  },
  // Gateways
  {
    what: "a gateway that forwards to everything",
    create: [pod({ ...gateway, annotations: { "config.linkerd.io/enable-gateway": "true" } })],
    found: opens(`Pod ${MULTICLUSTER_NAMESPACE}/planted`),
  },
  {
    what: "another pod that is a gateway",
    create: [
      pod({
        namespace: "bi",
        labels: { app: "evil" },
        annotations: {
          "config.linkerd.io/proxy-additional-env": JSON.stringify([
            { name: GATEWAY_SUFFIXES, value: "svc.cluster.local." },
          ]),
        },
      }),
    ],
    found: opens("Pod bi/planted"),
  },
  {
    what: "an older closed Server for the gateway",
    create: [
      server({ podSelector: {}, port: 4143, accessPolicy: "deny" }, { namespace: MULTICLUSTER_NAMESPACE }),
    ],
    older: true,
    found: closes(`Server ${MULTICLUSTER_NAMESPACE}/planted`),
  },
  {
    what: "the gateway's callers, narrowed",
    edit: [
      {
        of: existing(`${POLICY}/v1alpha1`, "MeshTLSAuthentication", "any-meshed", MULTICLUSTER_NAMESPACE),
        change: { spec: { identities: ["web.shop.serviceaccount.identity.linkerd.cluster.local"] } },
      },
    ],
    found: closes(`Server ${MULTICLUSTER_NAMESPACE}/linkerd-gateway`),
  },
  // Rights
  {
    what: "an access that is bound to another role as well",
    create: [
      {
        ...{
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRoleBinding",
          metadata: { name: "planted" },
        },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [
          {
            kind: "ServiceAccount",
            name: "linkerd-service-mirror-remote-access-us",
            namespace: MULTICLUSTER_NAMESPACE,
          },
        ],
      },
    ],
    found: /is also bound to the ClusterRole edit, by clusterrolebinding planted/,
  },
];
