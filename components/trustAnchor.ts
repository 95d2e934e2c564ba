import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** A certificate and the key that belongs to it. */
export interface KeyPair {
  readonly certificatePem: pulumi.Input<string>;
  /** Secret. */
  readonly privateKeyPem: pulumi.Input<string>;
}

export interface TrustAnchorArgs {
  /** Common name; by convention `root.linkerd.cluster.local` (not verified by Linkerd). */
  readonly commonName: string;
  readonly lifetimeHours: number;
  /** Refuses to let go of it. Not for an anchor that is about to leave. */
  readonly protect: boolean;
}

/**
 * A generated trust anchor: the root that a whole fleet trusts. It never renews by itself,
 * because a new root that is not in every cluster's bundle yet stops all traffic between meshed pods.
 */
export class TrustAnchor extends pulumi.ComponentResource implements KeyPair {
  readonly certificatePem: pulumi.Output<string>;
  readonly privateKeyPem: pulumi.Output<string>;

  constructor(name: string, args: TrustAnchorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:trust:TrustAnchor", name, { lifetimeHours: args.lifetimeHours }, opts);
    const child = { parent: this, protect: args.protect };

    // Linkerd verifies ECDSA P-256 (linkerd2 `pkg/issuercerts`); the provider's own default is P-224.
    const key = new tls.PrivateKey(`${name}-key`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child);
    const certificate = new tls.SelfSignedCert(
      `${name}-certificate`,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: args.commonName },
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: args.lifetimeHours,
      },
      child,
    );
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.registerOutputs({ certificatePem: this.certificatePem });
  }
}
