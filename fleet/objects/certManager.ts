import type { Text, Values } from "./values";

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
export interface BundleSpec<V extends Values> {
  readonly sources: readonly { readonly inLine: Text<V> }[];
  readonly target: {
    readonly configMap: { readonly key: string };
    readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, Text<V>>> };
  };
}
