import { z } from "zod";
import { admissionMode, operator } from "../admission/schema";
import {
  domainName,
  generation,
  judged,
  namespaceName,
  network,
  secretOrOutputRef,
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
          "Charts that are already installed as Helm releases. The other charts are installed over the existing objects",
        ),
    }),
  ])
  .describe("true or false, or the charts that are already Helm releases")
  .transform((value) =>
    value === true
      ? { releases: ["crds" as const, "controlPlane" as const, "multicluster" as const] }
      : value,
  );

export const clusterConfig = z.strictObject({
  stack: stackName
    .optional()
    .describe(
      "Stack that deploys the cluster. Default, allowed only if no cluster names a stack: every stack that reads " +
        "this file",
    ),
  context: text
    .optional()
    .describe(
      "Context in the kubeconfig. Default, allowed only with `kubeconfig`: the current context of that kubeconfig",
    ),
  kubeconfig: secretOrOutputRef
    .optional()
    .describe(
      "Place of the kubeconfig that `pulumi` uses: a secret of this stack, or an output of the stack that makes the " +
        "cluster. Default: the KUBECONFIG of the person who runs it",
    ),
  apiServer: judged(apiServerProblem, "^[hH][tT][tT][pP][sS]://[^\\s?#@]+$").describe(
    "URL at which the pods of the *other* clusters reach the API server, for example https://api.eu.example.com:6443",
  ),
  ca: certificatePem
    .optional()
    .describe(
      "Certificate authority of `apiServer`. Default: the cluster's own (`ca.crt` of its service accounts)",
    ),
  tlsServerName: domainName
    .optional()
    .describe(
      "Name in the certificate of `apiServer`, if it differs from the host: behind NAT or a TCP load balancer. The " +
        "kubeconfigs of the links contain it. Default: the host of `apiServer`",
    ),
  region: text
    .optional()
    .describe(
      "Region of the cluster, a name of your choice, for `topology.kind: islands`, pictures and reports",
    ),
  network: text
    .optional()
    .describe(
      "Network of the cluster, a name of your choice. Clusters with the same network route pod to pod, which flat and " +
        "federated services need",
    ),
  podNetworks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Networks of this cluster's own callers of its exported services: those of its pods, and of its nodes if " +
        "they call, for example 10.1.0.0/16. Required for an exported service on a shared network. Default: all " +
        "private networks",
    ),
  clusterDomain: domainName.default("cluster.local").describe("DNS domain of the cluster's services"),
  trustDomain: domainName.optional().describe("Trust domain of this cluster. Default: `trust.domain`"),
  gateway: gatewayConfig
    .prefault({ type: "loadBalancer" })
    .describe("How `gateway` traffic of the other clusters enters the cluster"),
  state: z
    .enum(["active", "draining"])
    .default("active")
    .describe(
      "`draining`: no service crosses from or to the cluster any more. It is the step before you remove a cluster",
    ),
  observed: z
    .boolean()
    .default(true)
    .describe(
      "Whether `observability` applies to this cluster. Set `false` if no Prometheus Operator runs in it",
    ),
  evacuate: z
    .boolean()
    .default(false)
    .describe(
      "Takes the members of this cluster out of every service. Its links stay, and it can call the others",
    ),
  createNamespaces: z
    .boolean()
    .default(false)
    .describe(
      "Creates the missing namespaces of services that are mirrored into this cluster. They are never removed",
    ),
  adopt: adoptConfig
    .default(false)
    .describe(
      "Takes over an existing Linkerd: its Helm releases (`true`: all but linkerd-viz), and every existing object " +
        "that this program would create. Remove the setting in the next change",
    ),
  issuer: z
    .strictObject({
      certificate: certificatePem.describe(
        "Certificate in PEM, signed by a `certificate` of `trust.anchors`",
      ),
      privateKey: secretRef.describe("Private key of the certificate"),
    })
    .optional()
    .describe(
      "Existing identity issuer of the cluster, which the program keeps. Default: one signed by the active anchor, " +
        "which the running pods must trust by then",
    ),
  chartAccesses: z
    .array(serviceAccount)
    .optional()
    .describe(
      "ServiceAccounts that the multicluster chart created for sources before this cluster was adopted. They work " +
        "as long as they are listed",
    ),
  namespaces: z
    .record(
      namespaceName,
      z.strictObject({
        defaultInboundPolicy: inboundPolicy.describe(
          "The same as `linkerd.defaultInboundPolicy`, for pods of this namespace that start from then on",
        ),
      }),
    )
    .default({})
    .describe("Existing namespaces that differ from the rest of this cluster, by name"),
  generations: z
    .strictObject({
      issuer: generation.default(1).describe("Generation of the issuer's key and certificate"),
      webhooks: generation.default(1).describe("Generation of the admission webhooks' keys and certificates"),
    })
    .prefault({})
    .describe(
      "Generations of keys and certificates. A number that differs from the deployed one creates new ones at once, " +
        "before they would renew",
    ),
  admission: admissionMode.optional().describe("The same as the section of this name, for this cluster"),
  operators: z
    .array(operator)
    .min(1)
    .optional()
    .describe("The same as the section of this name, for this cluster"),
  wave: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "Upgrade wave, lowest first. The control plane is changed when those of the wave before are healthy, and a " +
        "cluster of an earlier wave that fails delays it. By default, no cluster waits for another",
    ),
  linkerd: linkerdOverrides.prefault({}).describe("Settings of this cluster that differ from `linkerd`"),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;
