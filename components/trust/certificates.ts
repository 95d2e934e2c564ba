import type * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { ofGeneration } from "../../fleet/config/names";

/** A certificate and the key that belongs to it. */
export interface KeyPair {
  readonly certificatePem: pulumi.Input<string>;
  /** Secret. */
  readonly privateKeyPem: pulumi.Input<string>;
}

/** Linkerd verifies ECDSA P-256 (linkerd2 `pkg/issuercerts`); the provider's own default is P-224. */
const P256 = { algorithm: "ECDSA", ecdsaCurve: "P256" };
const AUTHORITY = { isCaCertificate: true, allowedUses: ["cert_signing", "crl_signing"] };

interface Lifetime {
  readonly lifetimeHours: number;
  /** Renews so many hours before its end; it never does by itself without. */
  readonly renewBeforeHours?: number;
}

function validity({ lifetimeHours, renewBeforeHours }: Lifetime) {
  return {
    validityPeriodHours: lifetimeHours,
    ...(renewBeforeHours === undefined ? {} : { earlyRenewalHours: renewBeforeHours }),
  };
}

/** An authority that nobody else signed. */
export function rootAuthority(
  name: string,
  args: Lifetime & { readonly commonName: string },
  opts: pulumi.CustomResourceOptions,
): { readonly key: tls.PrivateKey; readonly certificate: tls.SelfSignedCert } {
  const key = new tls.PrivateKey(`${name}-key`, P256, opts);
  const certificate = new tls.SelfSignedCert(
    `${name}-certificate`,
    {
      privateKeyPem: key.privateKeyPem,
      subject: { commonName: args.commonName },
      ...AUTHORITY,
      ...validity(args),
    },
    opts,
  );
  return { key, certificate };
}

export interface SignedArgs {
  /** Common name of its subject, and the only DNS name that it is valid for. */
  readonly host: pulumi.Input<string>;
  readonly by: KeyPair;
  readonly lifetime: Lifetime;
  /** An authority itself, or what may be done with it. */
  readonly uses: "authority" | string[];
  /** Another number than before makes a new key and certificate. */
  readonly generation: number;
}

/** A key, and the certificate that an authority signs for it; renewed, it keeps its key. */
export function signedCertificate(
  name: string,
  { host, by, lifetime, uses, generation }: SignedArgs,
  opts: pulumi.CustomResourceOptions,
): { readonly key: tls.PrivateKey; readonly certificate: tls.LocallySignedCert } {
  const key = new tls.PrivateKey(ofGeneration(`${name}-key`, generation), P256, opts);
  const request = new tls.CertRequest(
    `${name}-request`,
    { privateKeyPem: key.privateKeyPem, subject: { commonName: host }, dnsNames: [host] },
    opts,
  );
  const certificate = new tls.LocallySignedCert(
    `${name}-certificate`,
    {
      certRequestPem: request.certRequestPem,
      caCertPem: by.certificatePem,
      caPrivateKeyPem: by.privateKeyPem,
      ...(uses === "authority" ? AUTHORITY : { allowedUses: uses }),
      ...validity(lifetime),
    },
    opts,
  );
  return { key, certificate };
}
