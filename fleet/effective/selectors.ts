import type { LabelSelector, TargetRef } from "./shapes";

type Labels = Readonly<Record<string, string>>;

/** An empty selector takes everything; linkerd2 `policy-controller/k8s/api/src/labels.rs`, `Selector::matches`. */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  );
}

/** As there, an expression that says too little or too much holds for nothing. */
function holds(
  { key, operator, values }: LabelSelector["matchExpressions"][number],
  labels: Labels,
): boolean {
  // A label may be called like a method that every object has, such as `constructor`.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return values != null && value !== undefined && values.includes(value);
    case "NotIn":
      return values != null && (value === undefined || !values.includes(value));
    case "Exists":
      return values == null && value !== undefined;
    case "DoesNotExist":
      return values == null && value === undefined;
    default:
      return false;
  }
}

export const POLICY_GROUP = "policy.linkerd.io";
export const GATEWAY_API_GROUP = "gateway.networking.k8s.io";
/** The group of Namespaces and ServiceAccounts, in references. */
export const CORE_GROUP = "core";

/**
 * Groups and kinds are compared without regard to case; linkerd2 `policy-controller/k8s/api/src/policy.rs`,
 * `targets_kind`.
 */
export function targetsKind(
  { group, kind }: { readonly group?: TargetRef["group"]; readonly kind?: string | null | undefined },
  wantedGroup: string,
  wantedKind: string,
): boolean {
  return kind != null && alike(group || CORE_GROUP, wantedGroup) && alike(kind, wantedKind);
}

/** Equal but for the case of ASCII letters. */
export function alike(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
