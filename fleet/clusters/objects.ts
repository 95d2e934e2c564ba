import { DEFAULT_POLICY } from "../config/names";
import { TRUST_MARK } from "../linkerd/values";
import { FLEET_MANAGER, type FleetObject } from "../objects/object";
import type { Text, Values } from "../objects/values";
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
    restartOf<never>(`${namespace}/${deployment}-restart`, namespace, deployment, [TRUST_MARK, restart.mark]),
  );
}

/**
 * Restarts a Deployment that is not ours, by one annotation of its pods: another value than before restarts them.
 * Exists only where there was something to restart for: taking it away restarts the Deployment once more.
 */
export function restartOf<V extends Values>(
  id: string,
  namespace: Text<V>,
  deployment: string,
  [key, value]: readonly [key: string, value: string],
): FleetObject<V> {
  return {
    id,
    apiVersion: "apps/v1",
    kind: "Deployment",
    patch: true,
    metadata: {
      name: deployment,
      namespace,
      // One for each reason: with a shared one, a second patch of the same Deployment would drop what the first set.
      annotations: { "pulumi.com/patchFieldManager": `linkerd-fleet-${key.split("/").at(-1)}` },
    },
    spec: { template: { metadata: { annotations: { [key]: value } } } },
  };
}
