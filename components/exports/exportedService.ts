import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServicePort } from "../../fleet/exports/federation";
import { exportObjects } from "../../fleet/exports/objects";
import type { ExportPlan } from "../../fleet/exports/plan";
import { renderObjects } from "../objects/render";

export interface ExportedServiceArgs {
  readonly export: ExportPlan;
  /** Closes the service's ports: before the label is there, and until it is gone. */
  readonly grant: readonly pulumi.CustomResource[];
}

/**
 * Lets one Service cross: patches the label, and what callers shall do, onto a Service that somebody else owns, and
 * takes both back on removal.
 */
export class ExportedService extends pulumi.ComponentResource {
  /** Ports of the Service, as its callers see them. */
  readonly ports: pulumi.Output<readonly ServicePort[]>;

  constructor(name: string, args: ExportedServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:service:ExportedService", name, { ...args.export }, opts);
    const patch = renderObjects(name, exportObjects(args.export), {
      parent: this,
      dependsOn: [...args.grant],
    }).get("labels", kubernetes.core.v1.ServicePatch);
    // In a first preview the outputs are the inputs, which hold no ports.
    this.ports = pulumi.all([patch.spec, patch.status]).apply(([spec]) => spec?.ports ?? []);
    this.registerOutputs({});
  }
}
