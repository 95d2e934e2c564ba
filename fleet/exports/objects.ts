import { FLEET_MANAGER, type FleetObject } from "../objects/object";
import { exportLabels } from "./labels";
import type { ExportPlan } from "./plan";

/**
 * Patches that let one Service cross: the label, and settings for its callers, on a Service that somebody else owns.
 */
export function exportObjects(exported: ExportPlan): FleetObject<never>[] {
  const { namespace, name, evacuated, annotations, isGateway = false } = exported;
  return [
    {
      id: "labels",
      apiVersion: "v1",
      kind: "Service",
      patch: true,
      metadata: {
        name,
        namespace,
        labels: evacuated ? {} : exportLabels(exported),
        annotations: {
          ...annotations,
          // The name is an annotation, of which an object has but one: without it, the provider draws a name.
          ...(isGateway ? {} : FLEET_MANAGER),
          // A Service without endpoints may be exported: that is for its owner to see to.
          "pulumi.com/skipAwait": "true",
        },
      },
    },
  ];
}
