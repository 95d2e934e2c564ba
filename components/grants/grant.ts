import * as pulumi from "@pulumi/pulumi";
import { grantObjects } from "../../fleet/grants/objects";
import type { GrantPlan } from "../../fleet/grants/plan";
import { type Inputs, renderObjects } from "../objects/render";

export interface GrantArgs {
  readonly grant: GrantPlan;
  /** Labels of the service's pods. */
  readonly selector: Inputs["labels"];
  /** The CRDs come with its release, and it validates policy resources. */
  readonly controlPlane: pulumi.Resource;
}

/** Who may call one exported service: closes each of its ports, then lets in the named callers and the local ones. */
export class Grant extends pulumi.ComponentResource {
  constructor(name: string, args: GrantArgs, opts?: pulumi.ComponentResourceOptions) {
    const { grant, selector, controlPlane } = args;
    super("linkerd-fleet:service:Grant", name, { ...grant }, opts);
    renderObjects(name, grantObjects<Inputs>(grant, selector), { parent: this, dependsOn: [controlPlane] });
    this.registerOutputs({});
  }
}
