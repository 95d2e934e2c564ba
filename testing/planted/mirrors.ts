import { type Applied, type Planted, PORTS, service } from "./objects";

const REMOTE_NAME = "mirror.linkerd.io/remote-svc-fq-name";
const REMOTE_IDENTITY = "mirror.linkerd.io/remote-gateway-identity";
const GATEWAY_IDENTITY = "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";

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

/** Mirrors that no service mirror made, in a source. */
export const MIRRORS: readonly Planted[] = [
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
];
