import { z } from "zod";
import { admissionMode, operator } from "../admission/schema";
import {
  domainName,
  generation,
  judged,
  namespaceName,
  network,
  secretRef,
  stackName,
  text,
} from "../config/common";
import { apiServerProblem } from "../config/hosts";
import { gatewayConfig } from "../gateways/schema";
import { serviceAccount } from "../grants/schema";
import { inboundPolicy, linkerdOverrides } from "../linkerd/schema";
import { certificatePem } from "../trust/pem";

const adoptConfig = z
  .union([
    z.boolean(),
    z.strictObject({
      releases: z
        .array(z.enum(["crds", "controlPlane", "multicluster", "viz"]))
        .describe(
          "Charts that are installed as Helm releases already. The others are installed over what exists",
        ),
    }),
  ])
  .describe("true or false, or which charts are Helm releases already")
  .transform((value) =>
    value === true
      ? { releases: ["crds" as const, "controlPlane" as const, "multicluster" as const] }
      : value,
  );

export const clusterConfig = z.strictObject({
  stack: stackName
    .optional()
    .describe(
      "The stack that deploys it. Default, only where no cluster names one: every stack that reads this",
    ),
  context: text
    .optional()
    .describe("Context in the kubeconfig. Default, only with `kubeconfig`: its current context"),
  kubeconfig: secretRef
    .optional()
    .describe("Secret that holds the kubeconfig `pulumi` uses. Default: KUBECONFIG of whoever runs it"),
  apiServer: judged(apiServerProblem, "^[hH][tT][tT][pP][sS]://[^\\s?#@]+$").describe(
    "API server as the pods of the *other* clusters reach it",
  ),
  ca: certificatePem
    .optional()
    .describe(
      "Certificate authority of `apiServer`. Default: the cluster's own (`ca.crt` of its service accounts)",
    ),
  tlsServerName: domainName
    .optional()
    .describe(
      "Name that the certificate of `apiServer` is for, where that is not its host: behind NAT or a TCP load balancer. " +
        "It stands in the kubeconfigs of the links. Default: the host of `apiServer`",
    ),
  region: text.optional().describe("For `topology.kind: islands`, pictures and reports"),
  network: text
    .optional()
    .describe("Clusters that name the same network route pod to pod, which flat and federated services need"),
  podNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Where this cluster's own callers of its exported services come from: its pods, and its nodes if they call. " +
        "Required for an exported service on a shared network. Default: all private networks",
    ),
  clusterDomain: domainName.default("cluster.local").describe("DNS domain of the cluster's services"),
  trustDomain: domainName.optional().describe("Trust domain of this cluster. Default: `trust.domain`"),
  gateway: gatewayConfig
    .prefault({ type: "loadBalancer" })
    .describe("Where the other clusters' `gateway` traffic comes in"),
  state: z
    .enum(["active", "draining"])
    .default("active")
    .describe("`draining`: nothing crosses from or to it any more; the step before a cluster is removed"),
  observed: z
    .boolean()
    .default(true)
    .describe("Whether `observability` holds for this cluster; `false` where no Prometheus Operator runs"),
  evacuate: z
    .boolean()
    .default(false)
    .describe("No service has a member in this cluster any more; its links stay, and it can call the others"),
  createNamespaces: z
    .boolean()
    .default(false)
    .describe("Namespaces of mirrored services that are missing here are made. They are never removed again"),
  adopt: adoptConfig
    .default(false)
    .describe(
      "Takes over an existing Linkerd: its Helm releases (`true`: all but linkerd-viz), and every object that this program " +
        "would make. Remove it in the next change",
    ),
  issuer: z
    .strictObject({
      certificate: certificatePem.describe("In PEM, signed by a `certificate` of `trust.anchors`"),
      privateKey: secretRef.describe("Its private key"),
    })
    .optional()
    .describe(
      "The identity issuer that the cluster has, kept as it is. Default: one signed by the active anchor, which its " +
        "running pods must trust by then",
    ),
  chartAccesses: z
    .array(serviceAccount)
    .optional()
    .describe(
      "ServiceAccounts that the multicluster chart made for sources before this cluster was adopted. They work as " +
        "long as they are listed",
    ),
  namespaces: z
    .record(
      namespaceName,
      z.strictObject({
        defaultInboundPolicy: inboundPolicy.describe(
          "As `linkerd.defaultInboundPolicy`, for pods of this namespace that start from then on",
        ),
      }),
    )
    .default({})
    .describe("Existing namespaces of this cluster that differ from the rest of it, by name"),
  generations: z
    .strictObject({
      issuer: generation.default(1).describe("Of the issuer's key and certificate"),
      webhooks: generation.default(1).describe("Of the keys and certificates of the admission webhooks"),
    })
    .prefault({})
    .describe("Another number than before makes new ones at once, long before they would be renewed"),
  admission: admissionMode.optional().describe("As the section of this name, for this cluster"),
  operators: z.array(operator).min(1).optional().describe("As the section of this name, for this cluster"),
  wave: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "Upgrade wave, lowest first: its control plane is touched when those of the wave before are healthy. A cluster " +
        "of an earlier wave that fails holds it up; default: none waits for another",
    ),
  linkerd: linkerdOverrides.prefault({}).describe("What this cluster does differently from `linkerd`"),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;
