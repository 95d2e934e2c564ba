import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { LinkSpec } from "../../fleet/links/link";

export interface LinkResourceArgs {
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: LinkSpec<pulumi.Input<string>>;
}

/**
 * `Link`, `multicluster.linkerd.io/v1alpha3`, the CRD's storage version. A typed wrapper, because the CRD prunes
 * a misspelt field without an error.
 */
export class LinkResource extends kubernetes.apiextensions.CustomResource {
  constructor(name: string, args: LinkResourceArgs, opts?: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: "multicluster.linkerd.io/v1alpha3", kind: "Link", ...args }, opts);
  }
}
