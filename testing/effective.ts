import {
  type Cluster,
  type ClusterObjects,
  type ClusterState,
  indexed,
  type MeshSettings,
} from "../fleet/effective/cluster";
import { type Difference, differencesOf } from "../fleet/effective/compare";
import { examineAccess } from "../fleet/effective/examine";
import * as shapes from "../fleet/effective/shapes";
import type { Plan } from "../fleet/plan";

/** A control plane as its chart makes it. */
const MESH: MeshSettings = {
  controlPlaneNamespace: "linkerd",
  trustDomain: "cluster.local",
  clusterDomain: "cluster.local",
  defaultInboundPolicy: "all-unauthenticated",
  clusterNetworks: ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"],
  probeNetworks: ["0.0.0.0/0", "::/0"],
  skipInboundPorts: "4567,4568",
};

/** Objects of the kinds that an evaluator reads, as an API server writes them. */
export type Raw = { readonly [K in keyof ClusterObjects]?: readonly object[] };

const SHAPES = {
  pods: shapes.pod,
  services: shapes.service,
  servers: shapes.server,
  policyHttpRoutes: shapes.httpRoute,
  gatewayHttpRoutes: shapes.httpRoute,
  grpcRoutes: shapes.grpcRoute,
  authorizationPolicies: shapes.authorizationPolicy,
  meshTlsAuthentications: shapes.meshTlsAuthentication,
  networkAuthentications: shapes.networkAuthentication,
  serverAuthorizations: shapes.serverAuthorization,
} as const;

export function clusterOf(raw: Raw, mesh: Partial<MeshSettings> = {}, name = "eu"): Cluster {
  return indexed(stateOf(raw, mesh, name));
}

export function stateOf(raw: Raw, mesh: Partial<MeshSettings> = {}, name = "eu"): ClusterState {
  const objects = Object.fromEntries(
    Object.entries(SHAPES).map(([kind, shape]) => [
      kind,
      (raw[kind as keyof Raw] ?? []).map((object) => shape.parse(object)),
    ]),
  ) as unknown as ClusterObjects;
  return { name, mesh: { ...MESH, ...mesh }, objects };
}

/** A meshed pod as injected; `spec` and `metadata` replace whole fields. */
export function meshedPod(
  name: string,
  { metadata = {}, spec = {}, status = {} }: { metadata?: object; spec?: object; status?: object } = {},
): object {
  return {
    metadata: { name, namespace: "shop", labels: { app: name }, ...metadata },
    spec: {
      serviceAccountName: name,
      containers: [
        { name: "app", ports: [{ name: "http", containerPort: 8080 }] },
        {
          name: "linkerd-proxy",
          ports: [
            { name: "linkerd-proxy", containerPort: 4143 },
            { name: "linkerd-admin", containerPort: 4191 },
          ],
        },
      ],
      ...spec,
    },
    status: { phase: "Running", podIP: "10.1.0.5", ...status },
  };
}

export function identity(account: string, namespace = "shop", trustDomain = "cluster.local"): string {
  return `${account}.${namespace}.serviceaccount.identity.linkerd.${trustDomain}`;
}

/** All differences between what the stack file declares and what these clusters let through. */
export function compareAccess(plan: Plan, clusters: ReadonlyMap<string, Cluster>): Difference[] {
  return examineAccess(plan, clusters).flatMap(differencesOf);
}
