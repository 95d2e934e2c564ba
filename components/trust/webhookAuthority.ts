import * as pulumi from "@pulumi/pulumi";
import { AUTHORITY_LIFETIMES } from "../../fleet/trust/schema";
import { type KeyPair, rootAuthority } from "./certificates";

export interface WebhookAuthorityArgs {
  /** Lifetime of the certificates that it signs. */
  readonly lifetimeHours: number;
}

/**
 * Signs the certificates of one cluster's admission webhooks and nothing else. It is what the API server trusts, so a
 * certificate is renewed with no moment in which the API server and a webhook's pod disagree, and with no change of
 * the chart's values.
 */
export class WebhookAuthority extends pulumi.ComponentResource implements KeyPair {
  readonly certificatePem: pulumi.Output<string>;
  readonly privateKeyPem: pulumi.Output<string>;

  constructor(name: string, args: WebhookAuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linkerd-fleet:trust:WebhookAuthority", name, {}, opts);
    const { key, certificate } = rootAuthority(
      name,
      {
        commonName: "linkerd-webhooks",
        lifetimeHours: AUTHORITY_LIFETIMES * args.lifetimeHours,
        // No certificate outlives it.
        renewBeforeHours: args.lifetimeHours,
      },
      { parent: this },
    );
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.registerOutputs({});
  }
}
