import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { grantObjects, selectorObjects } from "../../fleet/grants/objects";
import type { GrantPlan } from "../../fleet/grants/plan";
import type { ResourceNames } from "../../fleet/objects/resourceNames";
import { type Inputs, renderObjects } from "../objects/render";

export interface GrantArgs {
  readonly grant: GrantPlan;
  /** The CRDs come with its release, and it validates policy resources. */
  readonly controlPlane: pulumi.Resource;
  readonly names: ResourceNames;
}

/** Who may call one exported service: closes each of its ports, then lets in the named callers and the local ones. */
export class Grant extends pulumi.ComponentResource {
  readonly made: readonly pulumi.CustomResource[];

  constructor(name: string, args: GrantArgs, opts?: pulumi.ComponentResourceOptions) {
    const { grant, controlPlane, names } = args;
    super("linkerd-fleet:service:Grant", name, { ...grant }, opts);
    const selector = grant.pods ?? this.selector(name, grant);
    const after = { parent: this, dependsOn: [controlPlane] };
    const nameOf = (id: string) => names.inGrant(grant, id);
    this.made = renderObjects(name, grantObjects<Inputs>(grant, selector), after, nameOf).all;
    this.registerOutputs({});
  }

  private selector(name: string, grant: GrantPlan): pulumi.Output<Record<string, string>> {
    const service = renderObjects(name, selectorObjects(grant), { parent: this });
    return service.get("service/selector", kubernetes.core.v1.ServicePatch).spec.apply((spec) => {
      const selector = spec?.selector ?? {};
      if (Object.keys(selector).length > 0) return selector;
      // A Server without labels would close every pod of the namespace.
      throw new pulumi.RunError(
        `The Service ${grant.namespace}/${grant.name} of ${grant.cluster} has no selector: write the labels of its ` +
          "pods as `pods` in its entry of `services`.",
      );
    });
  }
}
