import * as pulumi from "@pulumi/pulumi";
import { webhookSecret } from "../../fleet/trust/objects";
import type { TrustPlan } from "../../fleet/trust/plan";
import { base64 } from "../base64";
import { type Inputs, renderObjects } from "../objects/render";
import { type KeyPair, signedCertificate } from "./certificates";

export interface WebhookCertificateArgs {
  /** The webhook's Service, for example `linkerd-proxy-injector`. */
  readonly service: string;
  /** The Secret its Deployment mounts. */
  readonly secret: string;
  readonly namespace: pulumi.Input<string>;
  readonly lifetime: TrustPlan["webhooks"];
  readonly authority: KeyPair;
  /** Another number than before makes a new key and certificate. */
  readonly generation: number;
}

/**
 * The certificate of one admission webhook. Left to the chart, it would be made anew at every upgrade and
 * expire after 365 days without one (linkerd2 `templates/proxy-injector-rbac.yaml`, `genSelfSignedCert`). Webhooks
 * read a changed Secret without a restart.
 */
export class WebhookCertificate extends pulumi.ComponentResource {
  constructor(name: string, args: WebhookCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "linkerd-fleet:trust:WebhookCertificate",
      name,
      { service: args.service, lifetime: args.lifetime },
      opts,
    );
    const child = { parent: this };
    const { key, certificate } = signedCertificate(
      name,
      {
        host: pulumi.interpolate`${args.service}.${args.namespace}.svc`,
        by: args.authority,
        lifetime: args.lifetime,
        uses: ["digital_signature", "key_encipherment", "server_auth"],
        generation: args.generation,
      },
      child,
    );
    // The policy validator reads PKCS#8 only; the others read both.
    const pair = { certificate: base64(certificate.certPem), privateKey: base64(key.privateKeyPemPkcs8) };
    renderObjects(name, [webhookSecret<Inputs>(args.secret, args.namespace, pair)], child);
    this.registerOutputs({});
  }
}
