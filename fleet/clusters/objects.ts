import { DEFAULT_POLICY } from "../config/names";
import { TRUST_MARK } from "../linkerd/values";
import { FLEET_MANAGER, type FleetObject } from "../objects/object";
import type { Text, Values } from "../objects/values";
import type { WorkloadKind } from "../restart/schema";
import type { ClusterPlan } from "./plan";

/** Patches of existing namespaces that differ from the rest of a cluster. */
export function namespaceObjects({ namespaces }: Pick<ClusterPlan, "namespaces">): FleetObject<never>[] {
  return Object.entries(namespaces).map(([namespace, { defaultInboundPolicy }]) => ({
    id: `${namespace}-namespace`,
    apiVersion: "v1",
    kind: "Namespace",
    patch: true,
    metadata: {
      name: namespace,
      annotations: {
        [DEFAULT_POLICY]: defaultInboundPolicy,
        ...FLEET_MANAGER,
      },
    },
  }));
}

/** Patches that restart the workloads that hold the trust anchors, whenever the anchors change. */
export function restartObjects({ restart }: Pick<ClusterPlan, "restart">): FleetObject<never>[] {
  return restart.workloads.map(({ namespace, deployment }) =>
    restartOf<never>(
      `${namespace}/${deployment}-restart`,
      namespace,
      { kind: "Deployment", name: deployment },
      [TRUST_MARK, restart.mark],
      UNNAMED,
    ),
  );
}

/**
 * Annotations of a patch that another one may meet. The name of a field manager would be an annotation of the workload,
 * which a gateway's patch of it has with another name. So the provider draws one, and a patch that had a name keeps it
 * in the state. What a drawn one left behind, in a state that is lost, is taken over by force; the mark is nobody else's.
 */
export const UNNAMED = { "pulumi.com/patchForce": "true" };

/**
 * Restarts a workload that is not ours, by one annotation of its pods: another value than before restarts them.
 * Exists only where there was something to restart for: taking it away, unless it is retained, restarts the workload once
 * more.
 */
export function restartOf<V extends Values>(
  id: string,
  namespace: Text<V>,
  { kind, name }: { readonly kind: WorkloadKind; readonly name: string },
  [key, value]: readonly [key: string, value: string],
  annotations: Readonly<Record<string, string>>,
): FleetObject<V> {
  return {
    id,
    apiVersion: "apps/v1",
    kind,
    patch: true,
    metadata: { name, namespace, annotations },
    spec: { template: { metadata: { annotations: { [key]: value } } } },
  };
}
