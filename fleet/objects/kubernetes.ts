import type { Text, Values } from "./values";

/** Contents of Kubernetes' own kinds, as far as the fleet writes them. */

/** `rbac.authorization.k8s.io/v1`. */
export interface PolicyRule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
}

export interface RoleRef<V extends Values> {
  readonly apiGroup: "rbac.authorization.k8s.io";
  readonly kind: "ClusterRole";
  readonly name: Text<V>;
}

export interface Subject<V extends Values> {
  readonly kind: "ServiceAccount";
  readonly name: string;
  readonly namespace: Text<V>;
}

/** `admissionregistration.k8s.io/v1`. Expressions are CEL. */
export interface AdmissionPolicySpec {
  readonly failurePolicy: "Fail";
  readonly matchConstraints: {
    readonly resourceRules: {
      readonly apiGroups: string[];
      readonly apiVersions: string[];
      readonly operations: string[];
      readonly resources: string[];
    }[];
  };
  readonly matchConditions: NamedExpression[];
  readonly variables: NamedExpression[];
  readonly validations: {
    readonly expression: string;
    readonly messageExpression: string;
    readonly reason: "Forbidden";
  }[];
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface AdmissionBindingSpec<V extends Values> {
  readonly policyName: Text<V>;
  readonly validationActions: ("Deny" | "Warn" | "Audit")[];
}

/** `v1`, of a Service. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: "TCP";
}

/** `apps/v1`, of the pods of a Deployment. */
export interface PodAnnotations {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
}

/**
 * The part of a NetworkPolicy that limits what pods connect to (Kubernetes API reference, `networking.k8s.io/v1`).
 */
export interface NetworkPolicySpec {
  readonly podSelector: { readonly matchLabels: Record<string, string> };
  readonly policyTypes: "Egress"[];
  readonly egress: EgressRule[];
}

export interface EgressRule {
  /** One of them is enough. */
  readonly to: (
    | { readonly ipBlock: { readonly cidr: string } }
    | { readonly namespaceSelector: { readonly matchLabels: Record<string, string> } }
  )[];
  /** Absent: every port. */
  readonly ports?: { readonly protocol: "TCP" | "UDP"; readonly port: number }[];
}
