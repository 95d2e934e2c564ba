import { ZodError, z } from "zod";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import type { ClusterObjects, ClusterState, MeshSettings } from "../../fleet/effective/cluster";
import { proxied } from "../../fleet/effective/injected";
import { meshSettings } from "../../fleet/effective/settings";
import * as kinds from "../../fleet/effective/shapes";
import type { LiveCluster, Read } from "../../live/cluster";
import { configMap, linkerdValues } from "../../live/shapes";

const POLICY = "/apis/policy.linkerd.io";
const GATEWAY_API = "/apis/gateway.networking.k8s.io/v1";

/** Where the kinds stand in an API, all namespaces of each. */
const COLLECTIONS = {
  pods: ["/api/v1/pods", kinds.pod],
  services: ["/api/v1/services", kinds.service],
  servers: [`${POLICY}/v1beta3/servers`, kinds.server],
  policyHttpRoutes: [`${POLICY}/v1beta3/httproutes`, kinds.httpRoute],
  gatewayHttpRoutes: [`${GATEWAY_API}/httproutes`, kinds.httpRoute],
  grpcRoutes: [`${GATEWAY_API}/grpcroutes`, kinds.grpcRoute],
  authorizationPolicies: [`${POLICY}/v1alpha1/authorizationpolicies`, kinds.authorizationPolicy],
  meshTlsAuthentications: [`${POLICY}/v1alpha1/meshtlsauthentications`, kinds.meshTlsAuthentication],
  networkAuthentications: [`${POLICY}/v1alpha1/networkauthentications`, kinds.networkAuthentication],
  serverAuthorizations: [`${POLICY}/v1beta1/serverauthorizations`, kinds.serverAuthorization],
} as const satisfies Record<keyof ClusterObjects, readonly [string, z.ZodType]>;

/** What decides in one cluster, or why it could not be read. `asInjected`: pods that ask for a proxy have one. */
export async function readState(
  live: Pick<LiveCluster, "get" | "list">,
  { name, controlPlaneNamespace }: ClusterPlan,
  asInjected: boolean,
): Promise<Read<ClusterState>> {
  const path = `/api/v1/namespaces/${controlPlaneNamespace}/configmaps/linkerd-config`;
  // Linkerd leaves out an object that it cannot read, such as one with a label that is a number (kube-rs,
  // `DeserializeGuard`): it must not hide the others.
  const list = async ([path, shape]: readonly [string, z.ZodType]): Promise<Read<unknown[]>> => {
    const read = await live.list(path, shape.nullable().catch(null));
    return read.state === "found" ? { ...read, value: read.value.filter((one) => one !== null) } : read;
  };
  const [config, namespaces, ...lists] = await Promise.all([
    live.get(path, configMap),
    live.list("/api/v1/namespaces", kinds.namespace),
    ...Object.entries(COLLECTIONS).map(async ([kind, of]) => [kind, await list(of)] as const),
  ]);
  const failed = [config, namespaces, ...lists.map(([, read]) => read)].find(
    ({ state }) => state === "failed",
  );
  if (failed?.state === "failed") return failed;
  const mesh = settingsOf(name, controlPlaneNamespace, config);
  if (mesh.state !== "found") return mesh;
  // A kind that the cluster does not know has no objects.
  const found = Object.fromEntries(
    lists.map(([kind, read]) => [kind, read.state === "found" ? read.value : []]),
  );
  const objects = clusterObjects.parse(found);
  const annotated = namespaces.state === "found" ? namespaces.value : [];
  return {
    state: "found",
    value: {
      name,
      mesh: mesh.value,
      objects: asInjected ? { ...objects, pods: proxied(objects.pods, annotated) } : objects,
    },
  };
}

function settingsOf(
  cluster: string,
  namespace: string,
  config: Read<z.infer<typeof configMap>>,
): Read<MeshSettings> {
  const other = (message: string) => ({ state: "failed", why: "other", message }) as const;
  if (config.state === "failed") return config;
  if (config.state === "missing") return other(`${cluster} has no ConfigMap ${namespace}/linkerd-config`);
  try {
    return { state: "found", value: meshSettings(namespace, linkerdValues(config.value)) };
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    return other(`the ConfigMap ${namespace}/linkerd-config of ${cluster} holds no values of the chart`);
  }
}

const clusterObjects = z.object({
  pods: z.array(kinds.pod),
  services: z.array(kinds.service),
  servers: z.array(kinds.server),
  policyHttpRoutes: z.array(kinds.httpRoute),
  gatewayHttpRoutes: z.array(kinds.httpRoute),
  grpcRoutes: z.array(kinds.grpcRoute),
  authorizationPolicies: z.array(kinds.authorizationPolicy),
  meshTlsAuthentications: z.array(kinds.meshTlsAuthentication),
  networkAuthentications: z.array(kinds.networkAuthentication),
  serverAuthorizations: z.array(kinds.serverAuthorization),
});

/** A saved reading of the clusters. */
export const dumpFile = z.strictObject({
  version: z.literal(1),
  clusters: z.array(
    z.object({
      name: z.string(),
      mesh: z.object({
        controlPlaneNamespace: z.string(),
        trustDomain: z.string(),
        clusterDomain: z.string(),
        defaultInboundPolicy: z.string(),
        clusterNetworks: z.array(z.string()),
        probeNetworks: z.array(z.string()),
        skipInboundPorts: z.string(),
      }),
      objects: clusterObjects,
    }),
  ),
});
