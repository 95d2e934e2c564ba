import { ZodError } from "zod";
import type { MeshSettings } from "../effective/cluster";
import { meshSettings } from "../effective/settings";
import { controlPlaneValues } from "../linkerd/values";
import type { ClusterPlan } from "./plan";

/**
 * The settings that the plan gives a control plane. Values that are none of the chart's, the chart itself refuses.
 */
export function plannedMesh(cluster: ClusterPlan): MeshSettings {
  const { controlPlaneNamespace } = cluster;
  try {
    return meshSettings(controlPlaneNamespace, controlPlaneValues(cluster, { bundle: "", webhooks: [] }));
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    return meshSettings(controlPlaneNamespace, {});
  }
}
