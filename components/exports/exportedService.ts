import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServicePort } from "../../fleet/exports/federation";
import { exportObjects } from "../../fleet/exports/objects";
import type { ExportPlan } from "../../fleet/exports/plan";
import { renderObjects } from "../objects/render";

export interface ExportedServiceArgs {
  readonly export: ExportPlan;
  /**
   * Comes before the label and goes after it: what closes the service's ports, and where the label changes its value,
   * what selects it.
   */
  readonly after: readonly pulumi.Resource[] | Promise<pulumi.Resource[]>;
}

/**
 * Lets one Service cross: patches the label, and what callers shall do, onto a Service that somebody else owns, and
 * takes both back on removal.
 */
export class ExportedService extends pulumi.ComponentResource {
  readonly label: kubernetes.core.v1.ServicePatch;
  /** Ports of the Service, as its callers see them. */
  readonly ports: pulumi.Output<readonly ServicePort[]>;

  constructor(name: string, args: ExportedServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:service:ExportedService", name, { ...args.export }, opts);
    this.label = renderObjects(name, exportObjects(args.export), {
      parent: this,
      dependsOn: args.after instanceof Promise ? args.after : [...args.after],
    }).get("labels", kubernetes.core.v1.ServicePatch);
    // In a first preview the outputs are the inputs, which hold no ports.
    this.ports = pulumi.all([this.label.spec, this.label.status]).apply(([spec]) => spec?.ports ?? []);
    this.registerOutputs({});
  }
}
