import { z } from "zod";
import { ISSUER_SECRET, TRUST_ROOTS } from "../fleet/trust/objects";
import { meshedPods, meshedPodsPath, podShape } from "../fleet/trust/pods";
import type { SeenTrust } from "../fleet/trust/readiness";
import type { LiveCluster, Read } from "./cluster";

/** When each writer last wrote which fields, as the API server notes it. */
const metadata = z.object({
  managedFields: z
    .array(z.object({ time: z.string().optional(), fieldsV1: z.record(z.string(), z.unknown()).default({}) }))
    .default([]),
});
const configMap = z.object({ metadata, data: z.object({ "ca-bundle.crt": z.string() }) });
/** The issuer's key is in the same Secret, and is not looked at. */
const secret = z.object({ metadata, data: z.object({ "tls.crt": z.string() }) });

/** Reads what a cluster trusts, what its meshed pods were started with, and, if that matters, who signs there. */
export async function readTrust(
  cluster: Pick<LiveCluster, "get" | "list">,
  namespace: string,
  { issuer: isAsked }: { readonly issuer: boolean } = { issuer: true },
): Promise<SeenTrust> {
  const at = `/api/v1/namespaces/${namespace}`;
  const [bundle, issuer, pods] = await Promise.all([
    cluster.get(`${at}/configmaps/${TRUST_ROOTS}`, configMap),
    isAsked ? cluster.get(`${at}/secrets/${ISSUER_SECRET}`, secret) : undefined,
    cluster.list(meshedPodsPath(namespace), podShape),
  ]);
  if (bundle.state !== "found") return unread(bundle, `ConfigMap ${TRUST_ROOTS}`);
  if (issuer && issuer.state !== "found") return unread(issuer, `Secret ${ISSUER_SECRET}`);
  if (pods.state !== "found") return unread(pods, "list of pods");
  return {
    bundle: {
      pem: bundle.value.data["ca-bundle.crt"],
      written: writtenAt(bundle.value.metadata, "f:ca-bundle.crt"),
    },
    issuer: issuer && {
      pem: Buffer.from(issuer.value.data["tls.crt"], "base64").toString("utf8"),
      written: writtenAt(issuer.value.metadata, "f:tls.crt"),
    },
    pods: meshedPods(pods.value),
  };
}

function unread(read: Exclude<Read<unknown>, { state: "found" }>, what: string): SeenTrust {
  return { unread: read.state === "failed" ? read.message : `there is no ${what}` };
}

const data = z.object({ "f:data": z.record(z.string(), z.unknown()) });

/** The last time that somebody wrote a key of the data, or something beside it. */
function writtenAt({ managedFields }: z.infer<typeof metadata>, key: string): Date | undefined {
  const times = managedFields.flatMap(({ time, fieldsV1 }) => {
    const fields = data.safeParse(fieldsV1).data;
    return time !== undefined && fields && key in fields["f:data"] ? [Date.parse(time)] : [];
  });
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
