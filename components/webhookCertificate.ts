import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { KEPT_BY_HELM } from "../fleet/charts";
import { ofGeneration } from "../fleet/names";
import type { TrustPlan } from "../fleet/plan";
import { base64 } from "./base64";
import type { KeyPair } from "./trustAnchor";

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
 * expire after 365 days without one (linkerd2 `templates/proxy-injector-rbac.yaml`, `genSelfSignedCert`). Webhooks read
 * a changed Secret without a restart.
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
    const host = pulumi.interpolate`${args.service}.${args.namespace}.svc`;

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
        caCertPem: args.authority.certificatePem,
        caPrivateKeyPem: args.authority.privateKeyPem,
        allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
        validityPeriodHours: args.lifetime.lifetimeHours,
        earlyRenewalHours: args.lifetime.renewBeforeHours,
      },
      child,
    );
    new kubernetes.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: { name: args.secret, namespace: args.namespace, annotations: KEPT_BY_HELM },
        type: "kubernetes.io/tls",
        // The policy validator reads PKCS#8 only; the others read both.
        data: { "tls.crt": base64(certificate.certPem), "tls.key": base64(key.privateKeyPemPkcs8) },
      },
      child,
    );
    this.registerOutputs({});
  }
}
