import type { FleetObject } from "../objects/object";
import { exportLabels } from "./labels";
import type { ExportPlan } from "./plan";

/** Patches that let one Service cross: the label, and settings for its callers, on a Service that somebody else owns. */
export function exportObjects({
  namespace,
  name,
  modes,
  evacuated,
  annotations,
}: ExportPlan): FleetObject<never>[] {
  return [
    {
      id: "labels",
      apiVersion: "v1",
      kind: "Service",
      patch: true,
      metadata: {
        name,
        namespace,
        labels: exportLabels(evacuated ? [] : modes),
        annotations: {
          ...annotations,
          "pulumi.com/patchFieldManager": "linkerd-fleet",
          // A Service without endpoints may be exported: that is for its owner to see to.
          "pulumi.com/skipAwait": "true",
        },
      },
    },
  ];
}
