import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServicePort } from "../../fleet/exports/federation";
import { exportObjects } from "../../fleet/exports/objects";
import type { ExportPlan } from "../../fleet/exports/plan";
import { renderObjects } from "../objects/render";

export interface ExportedServiceArgs {
  readonly export: ExportPlan;
}

/**
 * Lets one Service cross: patches the label, and what callers shall do, onto a Service that somebody else owns, and
 * takes both back on removal.
 */
export class ExportedService extends pulumi.ComponentResource {
  /** Selector of the Service. */
  readonly selector: pulumi.Output<Record<string, string>>;
  /** Ports of the Service, as its callers see them. */
  readonly ports: pulumi.Output<readonly ServicePort[]>;

  constructor(name: string, args: ExportedServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:service:ExportedService", name, { ...args.export }, opts);
    const { cluster, namespace, name: service } = args.export;
    const patch = renderObjects(name, exportObjects(args.export), { parent: this }).get(
      "labels",
      kubernetes.core.v1.ServicePatch,
    );
    this.selector = patch.spec.apply((spec) => {
      const selector = spec?.selector ?? {};
      if (Object.keys(selector).length > 0) return selector;
      // A Server without labels would close every pod of the namespace.
      throw new pulumi.RunError(
        `The Service ${namespace}/${service} of ${cluster} has no selector: write the labels of its pods ` +
          "as `pods` in its entry of `services`.",
      );
    });
    // In a first preview the outputs are the inputs, which hold no ports.
    this.ports = pulumi.all([patch.spec, patch.status]).apply(([spec]) => spec?.ports ?? []);
    this.registerOutputs({});
  }
}
