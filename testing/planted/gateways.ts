import { MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import { GATEWAY_SUFFIXES } from "../../fleet/gateways/reach";
import { closes, existing, opens, type Planted, POLICY, pod, server } from "./objects";

const gateway = { namespace: MULTICLUSTER_NAMESPACE, labels: { app: "linkerd-gateway" } };

export const GATEWAYS: readonly Planted[] = [
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
];
