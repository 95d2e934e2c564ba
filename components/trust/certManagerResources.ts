import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Typed wrappers of cert-manager's and trust-manager's kinds, because the CRDs prune a misspelt field without an error. */
interface Metadata {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `cert-manager.io/v1`, cert-manager API reference, as far as an identity issuer needs it. */
export interface CertificateSpec {
  readonly secretName: string;
  readonly issuerRef: { readonly group: string; readonly kind: string; readonly name: string };
  readonly isCA: boolean;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  /** A Go duration, like `renewBefore`. */
  readonly duration: string;
  readonly renewBefore: string;
  readonly privateKey: {
    readonly algorithm: "ECDSA";
    readonly size: 256;
    readonly rotationPolicy: "Always" | "Never";
  };
  readonly usages: readonly string[];
}

/** `trust.cert-manager.io/v1alpha1`, trust-manager API reference. */
export interface BundleSpec {
  readonly sources: readonly { readonly inLine: pulumi.Input<string> }[];
  readonly target: {
    readonly configMap: { readonly key: string };
    readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, pulumi.Input<string>>> };
  };
}

export class Certificate extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: {
      readonly metadata: Metadata & { readonly namespace: pulumi.Input<string> };
      readonly spec: CertificateSpec;
    },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: "cert-manager.io/v1", kind: "Certificate", ...args }, opts);
  }
}

/** Of the whole cluster. */
export class Bundle extends kubernetes.apiextensions.CustomResource {
  constructor(
    name: string,
    args: { readonly metadata: Metadata; readonly spec: BundleSpec },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { apiVersion: "trust.cert-manager.io/v1alpha1", kind: "Bundle", ...args }, opts);
  }
}
