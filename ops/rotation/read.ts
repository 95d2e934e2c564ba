import { z } from "zod";
import type { LiveCluster, Read } from "../../live/cluster";
import type { ClusterTrust } from "./judge";

/** Of pods that Linkerd meshed, its own among them: the hash of the bundle they were started with. */
const TRUST_ROOT = "linkerd.io/trust-root-sha256";

const configMap = z.object({ data: z.object({ "ca-bundle.crt": z.string() }) });
/** The issuer's key is in the same Secret, and is not looked at. */
const secret = z.object({ data: z.object({ "tls.crt": z.string() }) });
const pod = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    /** It is going away, and takes no new connections. */
    deletionTimestamp: z.string().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  status: z.object({ phase: z.string().default("Unknown"), startTime: z.string().optional() }),
});

/** Reads what a cluster trusts, who signs there, and what its meshed pods were started with. */
export async function readTrust(cluster: LiveCluster, namespace: string): Promise<Read<ClusterTrust>> {
  const at = `/api/v1/namespaces/${namespace}`;
  const [bundle, issuer, pods] = await Promise.all([
    cluster.get(`${at}/configmaps/linkerd-identity-trust-roots`, configMap),
    cluster.get(`${at}/secrets/linkerd-identity-issuer`, secret),
    cluster.list("/api/v1/pods", pod),
  ]);
  if (bundle.state !== "found") return bundle;
  if (issuer.state !== "found") return issuer;
  if (pods.state !== "found") return pods;
  return {
    state: "found",
    value: {
      bundle: bundle.value.data["ca-bundle.crt"],
      issuer: Buffer.from(issuer.value.data["tls.crt"], "base64").toString("utf8"),
      pods: pods.value.flatMap(
        ({ metadata: { namespace, name, annotations, deletionTimestamp }, status }) => {
          const trustRoot = annotations[TRUST_ROOT];
          const ended = deletionTimestamp !== undefined || ["Succeeded", "Failed"].includes(status.phase);
          if (trustRoot === undefined || ended) return [];
          const started = status.startTime === undefined ? undefined : new Date(status.startTime);
          return [{ namespace, name, trustRoot, started }];
        },
      ),
    },
  };
}
