import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Typed wrappers of Emissary's resources, group `getambassador.io` (`v3alpha1`, served since Emissary 2.0). */
interface EmissaryResourceArgs<Spec> {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Spec;
}

const API_VERSION = "getambassador.io/v3alpha1";

export class Module extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: EmissaryResourceArgs<{ readonly config: Readonly<Record<string, unknown>> }>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: API_VERSION, kind: "Module", ...args }, opts);
  }
}

export interface HostSpec {
  readonly hostname: string;
  readonly tlsSecret?: { readonly name: string };
  readonly requestPolicy: { readonly insecure: { readonly action: "Redirect" | "Reject" | "Route" } };
}

export class Host extends kubernetes.apiextensions.CustomResource {
  constructor(name: string, args: EmissaryResourceArgs<HostSpec>, opts?: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: API_VERSION, kind: "Host", ...args }, opts);
  }
}

export interface MappingSpec {
  readonly hostname: string;
  readonly prefix: string;
  readonly service: string;
}

export class Mapping extends kubernetes.apiextensions.CustomResource {
  constructor(name: string, args: EmissaryResourceArgs<MappingSpec>, opts?: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: API_VERSION, kind: "Mapping", ...args }, opts);
  }
}
