import * as pulumi from "@pulumi/pulumi";
import type { TrustPlan } from "../../fleet/trust/plan";
import { type KeyPair, signedCertificate } from "./certificates";

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
    const host = `identity.linkerd.${args.trustDomain}`;
    const { key, certificate } = signedCertificate(
      name,
      { host, by: args.anchor, lifetime: args.lifetime, uses: "authority", generation: args.generation },
      { parent: this },
    );
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.registerOutputs({ certificatePem: this.certificatePem });
  }
}
