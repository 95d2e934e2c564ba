import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { ofGeneration } from "../fleet/names";
import type { TrustPlan } from "../fleet/plan";
import type { KeyPair } from "./trustAnchor";

export interface IssuerArgs {
  readonly trustDomain: string;
  readonly lifetime: TrustPlan["issuer"];
  /** The active trust anchor. */
  readonly anchor: KeyPair;
  /** Another number than before makes a new key and certificate. */
  readonly generation: number;
}

/**
 * The identity issuer of one cluster: an intermediate signed by the active trust anchor. It renews early, keeping
 * its key; the identity controller picks the new certificate up without a restart.
 */
export class Issuer extends pulumi.ComponentResource implements KeyPair {
  readonly certificatePem: pulumi.Output<string>;
  readonly privateKeyPem: pulumi.Output<string>;

  constructor(name: string, args: IssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "linkerd-fleet:trust:Issuer",
      name,
      { trustDomain: args.trustDomain, lifetime: args.lifetime },
      opts,
    );
    const child = { parent: this };
    const host = `identity.linkerd.${args.trustDomain}`;

    const key = new tls.PrivateKey(
      ofGeneration(`${name}-key`, args.generation),
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      child,
    );
    const request = new tls.CertRequest(
      `${name}-request`,
      { privateKeyPem: key.privateKeyPem, subject: { commonName: host }, dnsNames: [host] },
      child,
    );
    const certificate = new tls.LocallySignedCert(
      `${name}-certificate`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: args.anchor.certificatePem,
        caPrivateKeyPem: args.anchor.privateKeyPem,
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: args.lifetime.lifetimeHours,
        earlyRenewalHours: args.lifetime.renewBeforeHours,
      },
      child,
    );
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.registerOutputs({ certificatePem: this.certificatePem });
  }
}
