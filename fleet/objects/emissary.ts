/** Contents of Emissary's resources, group `getambassador.io` (`v3alpha1`, served since Emissary 2.0). */

export interface ModuleSpec {
  readonly config: Readonly<Record<string, unknown>>;
}

export interface HostSpec {
  readonly hostname: string;
  readonly tlsSecret?: { readonly name: string };
  readonly requestPolicy: { readonly insecure: { readonly action: "Redirect" | "Reject" | "Route" } };
}

export interface MappingSpec {
  readonly hostname: string;
  readonly prefix: string;
  readonly service: string;
}
