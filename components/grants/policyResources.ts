import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type {
  AuthorizationPolicySpec,
  HttpRouteSpec,
  MeshTLSAuthenticationSpec,
  NetworkAuthenticationSpec,
  ServerSpec,
} from "../../fleet/grants/policyObjects";

/** Typed wrappers, because the CRDs prune a misspelt field without an error. */
interface PolicyResourceArgs<Spec> {
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: Spec;
}

const GROUP = "policy.linkerd.io";

export class Server extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: PolicyResourceArgs<ServerSpec<pulumi.Input<Record<string, string>>>>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: `${GROUP}/v1beta3`, kind: "Server", ...args }, opts);
  }
}

/** Linkerd's own kind and not the Gateway API's: its CRDs are everywhere, whatever `linkerd.gatewayApi` says. */
export class HttpRoute extends kubernetes.apiextensions.CustomResource {
  constructor(name: string, args: PolicyResourceArgs<HttpRouteSpec>, opts?: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: `${GROUP}/v1beta3`, kind: "HTTPRoute", ...args }, opts);
  }
}

export class AuthorizationPolicy extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: PolicyResourceArgs<AuthorizationPolicySpec>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: `${GROUP}/v1alpha1`, kind: "AuthorizationPolicy", ...args }, opts);
  }
}

export class MeshTLSAuthentication extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: PolicyResourceArgs<MeshTLSAuthenticationSpec>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: `${GROUP}/v1alpha1`, kind: "MeshTLSAuthentication", ...args }, opts);
  }
}

export class NetworkAuthentication extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: PolicyResourceArgs<NetworkAuthenticationSpec>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: `${GROUP}/v1alpha1`, kind: "NetworkAuthentication", ...args }, opts);
  }
}

/** Takes over the spec of an authentication that a chart made. */
export class AuthenticationPatch extends kubernetes.apiextensions.CustomResourcePatch {
  constructor(
    name: string,
    args:
      | ({ readonly kind: "MeshTLSAuthentication" } & PolicyResourceArgs<MeshTLSAuthenticationSpec>)
      | ({ readonly kind: "NetworkAuthentication" } & PolicyResourceArgs<NetworkAuthenticationSpec>),
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: `${GROUP}/v1alpha1`, ...args }, opts);
  }
}
