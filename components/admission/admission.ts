import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { admissionBinding, admissionPolicy } from "../../fleet/admission/objects";
import type { AdmissionPlan } from "../../fleet/admission/plan";
import { admissionPolicies } from "../../fleet/admission/policies";
import { type Inputs, renderObjects } from "../objects/render";

export interface AdmissionArgs {
  readonly admission: AdmissionPlan;
}

/**
 * Keeps one cluster to the plan, whoever changes it and by what: native admission policies, each bound to the whole
 * cluster.
 */
export class Admission extends pulumi.ComponentResource {
  constructor(name: string, args: AdmissionArgs, opts?: pulumi.ComponentResourceOptions) {
    const { admission } = args;
    const { cluster, mode, operators } = admission;
    super("linkerd-fleet:admission:Admission", name, { cluster, mode, operators }, opts);
    const child = { parent: this };
    for (const policy of admissionPolicies(admission, `Pulumi.${pulumi.getStack()}.yaml`)) {
      const { metadata } = renderObjects(name, [admissionPolicy(policy)], child).get(
        policy.name,
        kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy,
      );
      renderObjects(name, [admissionBinding<Inputs>(policy, admission, metadata.name)], child);
    }
    this.registerOutputs({});
  }
}
