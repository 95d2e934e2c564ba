import * as pulumi from "@pulumi/pulumi";
import type { TrustPlan } from "../../fleet/trust/plan";
import { Bundle, Certificate } from "./certManagerResources";

export interface CertManagerArgs {
  /** The control plane's. */
  readonly namespace: pulumi.Input<string>;
  readonly trustDomain: string;
  /** All trust anchors, in PEM. */
  readonly trustBundle: pulumi.Input<string>;
  /** A ClusterIssuer of the cluster, with the key of the active anchor. */
  readonly clusterIssuer: string;
  readonly lifetime: TrustPlan["issuer"];
}

/**
 * The issuer and the trust bundle of one cluster, made and renewed in it by cert-manager and trust-manager: no key of
 * either is in the state. Names are Linkerd's: what they make is what the control plane mounts.
 */
export class CertManager extends pulumi.ComponentResource {
  /** Both settle when what Linkerd mounts is there. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: CertManagerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterIssuer, lifetime, trustDomain } = args;
    super("linkerd-fleet:trust:CertManager", name, { clusterIssuer, lifetime, trustDomain }, opts);
    const child = { parent: this };
    const secretName = "linkerd-identity-issuer";

    const certificate = new Certificate(
      `${name}-certificate`,
      {
        metadata: {
          name: secretName,
          namespace: args.namespace,
          annotations: { "pulumi.com/waitFor": "condition=Ready" },
        },
        // linkerd.io, "Automatically rotating control plane TLS credentials".
        spec: {
          secretName,
          issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: clusterIssuer },
          isCA: true,
          commonName: `identity.linkerd.${trustDomain}`,
          dnsNames: [`identity.linkerd.${trustDomain}`],
          duration: `${lifetime.lifetimeHours}h`,
          renewBefore: `${lifetime.renewBeforeHours}h`,
          privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          usages: ["cert sign", "crl sign"],
        },
      },
      child,
    );
    const bundle = new Bundle(
      `${name}-bundle`,
      {
        metadata: {
          name: "linkerd-identity-trust-roots",
          annotations: { "pulumi.com/waitFor": "condition=Synced" },
        },
        spec: {
          sources: [{ inLine: args.trustBundle }],
          target: {
            configMap: { key: "ca-bundle.crt" },
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": args.namespace } },
          },
        },
      },
      child,
    );
    this.resources = [certificate, bundle];
    this.registerOutputs({});
  }
}
