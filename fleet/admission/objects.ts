import type { NamedExpression } from "../objects/kubernetes";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { AdmissionPlan } from "./plan";
import { type AdmissionPolicy, admissionPolicies } from "./policies";

/** Policies that keep one cluster to the plan, each bound to the whole cluster. */
export function admissionObjects(admission: AdmissionPlan, stackFile: string): FleetObject<never>[] {
  return admissionPolicies(admission, stackFile).flatMap((policy) => [
    admissionPolicy(policy),
    admissionBinding<never>(policy, admission, policy.name),
  ]);
}

export function admissionPolicy(policy: AdmissionPolicy): FleetObject<never> {
  return {
    id: policy.name,
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: policy.name },
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
  };
}

export function admissionBinding<V extends Values = Plain>(
  { name, warns }: Pick<AdmissionPolicy, "name" | "warns">,
  { mode }: Pick<AdmissionPlan, "mode">,
  policyName: Text<V>,
): FleetObject<V> {
  return {
    id: `${name}-binding`,
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: {
      policyName,
      validationActions: mode === "enforce" && warns !== true ? ["Deny"] : ["Warn", "Audit"],
    },
  };
}

function named(expressions: Readonly<Record<string, string>>): NamedExpression[] {
  return Object.entries(expressions).map(([name, expression]) => ({ name, expression }));
}
