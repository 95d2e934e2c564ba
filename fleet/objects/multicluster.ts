/**
 * `spec` of a Link, `multicluster.linkerd.io/v1alpha3` (linkerd2 `templates/link-crd.yaml`). Ports are strings there.
 */
export interface LinkSpec<T = string> {
  readonly targetClusterName: string;
  readonly targetClusterDomain: string;
  readonly targetClusterLinkerdNamespace: string;
  readonly clusterCredentialsSecret: string;
  /** Addresses, separated by commas. Without a gateway, absent. */
  readonly gatewayAddress?: T;
  readonly gatewayPort?: string;
  readonly gatewayIdentity?: string;
  readonly probeSpec?: ProbeSpec;
  readonly selector: LabelSelector;
  readonly remoteDiscoverySelector: LabelSelector;
  readonly federatedServiceSelector: LabelSelector;
  readonly excludedAnnotations: readonly string[];
  readonly excludedLabels: readonly string[];
}

export interface ProbeSpec {
  readonly path: string;
  readonly port: string;
  /** Duration string. */
  readonly period: string;
  readonly failureThreshold: string;
  readonly timeout: string;
}

export type LabelSelector =
  | { readonly matchLabels: Readonly<Record<string, string>> }
  | { readonly matchExpressions: readonly LabelRequirement[] };

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In";
  readonly values: readonly string[];
}
