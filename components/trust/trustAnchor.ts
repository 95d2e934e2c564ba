import * as pulumi from "@pulumi/pulumi";
import { type KeyPair, rootAuthority } from "./certificates";

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
    const { commonName, lifetimeHours, protect } = args;
    const { key, certificate } = rootAuthority(
      name,
      { commonName, lifetimeHours },
      { parent: this, protect },
    );
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.registerOutputs({ certificatePem: this.certificatePem });
  }
}
