import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AdmissionPlan } from "../../fleet/admission/plan";
import { admissionPolicies } from "../../fleet/admission/policies";

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
      const metadata = { name: policy.name };
      const made = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
        `${name}-${policy.name}`,
        {
          metadata,
          spec: {
            // An expression that cannot be evaluated is no permission.
            failurePolicy: "Fail",
            matchConstraints: {
              resourceRules: policy.resources.map(({ group, resources }) => ({
                apiGroups: [group],
                apiVersions: ["*"],
                operations: [...policy.operations],
                resources: [...resources],
              })),
            },
            matchConditions: named(policy.conditions),
            variables: named(policy.variables),
            validations: policy.validations.map(({ expression, message }) => ({
              expression,
              messageExpression: message,
              // The provider takes a dry run that is forbidden for one that could not be made.
              reason: "Forbidden",
            })),
          },
        },
        child,
      );
      new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        `${name}-${policy.name}-binding`,
        {
          metadata,
          spec: {
            policyName: made.metadata.name,
            validationActions: mode === "enforce" ? ["Deny"] : ["Warn", "Audit"],
          },
        },
        child,
      );
    }
    this.registerOutputs({});
  }
}

function named(expressions: Readonly<Record<string, string>>): { name: string; expression: string }[] {
  return Object.entries(expressions).map(([name, expression]) => ({ name, expression }));
}
