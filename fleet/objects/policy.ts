import type { HttpMatch } from "../grants/schema";
import type { Labels, Values } from "./values";

/**
 * Specs of Linkerd's policy resources, group `policy.linkerd.io` (linkerd2 `charts/linkerd-crds/templates/policy`).
 */

/** `v1beta3`. */
export interface ServerSpec<V extends Values> {
  readonly podSelector: { readonly matchLabels: Labels<V> };
  readonly port: number | string;
  readonly proxyProtocol: "unknown" | "HTTP/1" | "HTTP/2" | "gRPC" | "opaque" | "TLS";
  readonly accessPolicy: "deny" | "audit";
}

/** `v1alpha1`: callers that present any of these identities. */
export interface MeshTLSAuthenticationSpec {
  readonly identities: string[];
}

/** `v1alpha1`: callers from any of these networks. */
export interface NetworkAuthenticationSpec {
  readonly networks: { readonly cidr: string }[];
}

/** `v1alpha1`: lets in who satisfies all of the authentications. Several policies of one target add up. */
export interface AuthorizationPolicySpec {
  readonly targetRef: PolicyTarget;
  readonly requiredAuthenticationRefs: AuthenticationRef[];
}

export interface PolicyTarget {
  readonly group: "policy.linkerd.io";
  readonly kind: "Server" | "HTTPRoute";
  readonly name: string;
}

/** `v1beta3`: requests to a Server that policies can be about. */
export interface HttpRouteSpec {
  readonly parentRefs: readonly PolicyTarget[];
  readonly rules: readonly { readonly matches: readonly HttpMatch[] }[];
}

export interface AuthenticationRef {
  readonly group: "policy.linkerd.io";
  readonly kind: "MeshTLSAuthentication" | "NetworkAuthentication";
  readonly name: string;
}
