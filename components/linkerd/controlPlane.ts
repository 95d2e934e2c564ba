import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { LICENSE_SECRET } from "../../fleet/config/names";
import { KEPT_BY_HELM } from "../../fleet/linkerd/charts";
import { controlPlaneValues, crdsValues, WEBHOOKS } from "../../fleet/linkerd/values";
import type { TrustPlan } from "../../fleet/trust/plan";
import { base64 } from "../base64";
import type { KeyPair } from "../trust/certificates";
import { CertManager } from "../trust/certManager";
import { WebhookAuthority } from "../trust/webhookAuthority";
import { WebhookCertificate } from "../trust/webhookCertificate";
import { chartRelease } from "./chart";
import { pullSecrets } from "./pullSecrets";

/** An issuer and the anchor that signed it, in PEM; or who makes it in the cluster. */
export type IssuerSource =
  | (KeyPair & { readonly anchorPem: pulumi.Input<string>; readonly clusterIssuer?: undefined })
  | { readonly clusterIssuer: string; readonly lifetime: TrustPlan["issuer"] };

export interface ControlPlaneArgs {
  readonly cluster: ClusterPlan;
  /** All trust anchors, in PEM. */
  readonly trustBundle: pulumi.Output<string>;
  readonly issuer: IssuerSource;
  readonly webhooks: TrustPlan["webhooks"];
  /** Releases of other clusters that must be ready first. The CRDs and what is ours do not wait for them. */
  readonly waveBefore: readonly pulumi.Resource[];
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/**
 * Linkerd's control plane in one cluster: its namespace, the trust bundle, the issuer and webhook certificates as
 * objects of ours, then the charts linkerd-crds and linkerd-control-plane. No chart value holds a key.
 */
export class ControlPlane extends pulumi.ComponentResource {
  /** Settles when the control plane is ready, its proxy injector included. */
  readonly release: kubernetes.helm.v3.Release;
  readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: ControlPlaneArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster } = args;
    super(
      "linkerd-fleet:linkerd:ControlPlane",
      name,
      { version: cluster.install.controlPlane.version },
      opts,
    );
    const child = { parent: this };

    const namespace = new kubernetes.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: cluster.controlPlaneNamespace,
          // linkerd2 `charts/linkerd-control-plane/templates/namespace.yaml`, which Helm installs do not render.
          labels: {
            "config.linkerd.io/admission-webhooks": "disabled",
            "linkerd.io/control-plane-ns": cluster.controlPlaneNamespace,
            "linkerd.io/is-control-plane": "true",
            "pod-security.kubernetes.io/enforce": cluster.install.cni ? "restricted" : "privileged",
          },
          annotations: { "linkerd.io/inject": "disabled" },
        },
      },
      child,
    );
    this.namespace = namespace.metadata.name;

    const { issuer } = args;
    const identity =
      issuer.clusterIssuer === undefined
        ? this.ownIdentity(name, cluster, args.trustBundle, issuer)
        : new CertManager(
            `${name}-cert-manager`,
            {
              namespace: this.namespace,
              trustDomain: cluster.trustDomain,
              trustBundle: args.trustBundle,
              clusterIssuer: issuer.clusterIssuer,
              lifetime: issuer.lifetime,
            },
            child,
          ).resources;
    const { license } = cluster.install;
    const licenses = license
      ? [
          new kubernetes.core.v1.Secret(
            `${name}-license`,
            {
              metadata: { name: LICENSE_SECRET, namespace: this.namespace },
              data: { license: base64(args.secret(license.secret)) },
            },
            child,
          ),
        ]
      : [];
    const pullers = pullSecrets(name, { ...args, namespace: this.namespace }, child);
    const authority = new WebhookAuthority(
      `${name}-webhooks`,
      { lifetimeHours: args.webhooks.lifetimeHours },
      child,
    );
    const generation = cluster.generations.webhooks;
    const webhooks = WEBHOOKS.map(({ value, service, secret }) => {
      const certificate = new WebhookCertificate(
        `${name}-${service}`,
        { service, secret, namespace: this.namespace, lifetime: args.webhooks, authority, generation },
        child,
      );
      return { value, certificate };
    });

    // A name that is known in a preview, too: what is imported is looked up by it.
    const common = {
      namespace: cluster.controlPlaneNamespace,
      timeoutSeconds: cluster.install.timeoutSeconds,
    };
    const crds = chartRelease(
      `${name}-crds`,
      { ...common, chart: cluster.install.crds, values: crdsValues(cluster) },
      { ...child, dependsOn: [namespace] },
    );
    // The policy controller looks for the Gateway API CRDs once, when it starts: the CRDs come first.
    this.release = chartRelease(
      `${name}-release`,
      {
        ...common,
        chart: cluster.install.controlPlane,
        values: controlPlaneValues<pulumi.Output<string>>(cluster, {
          bundle: args.trustBundle,
          webhooks: webhooks.map(({ value }) => ({ value, caBundle: authority.certificatePem })),
        }),
      },
      {
        ...child,
        dependsOn: [
          crds,
          ...identity,
          ...licenses,
          ...pullers,
          ...webhooks.map((webhook) => webhook.certificate),
          ...args.waveBefore,
        ],
      },
    );
    this.registerOutputs({ namespace: this.namespace });
  }

  /** The bundle and the issuer as objects of ours. */
  private ownIdentity(
    name: string,
    cluster: ClusterPlan,
    trustBundle: pulumi.Output<string>,
    source: KeyPair & { readonly anchorPem: pulumi.Input<string> },
  ): pulumi.Resource[] {
    const child = { parent: this };
    const trustRoots = new kubernetes.core.v1.ConfigMap(
      `${name}-trust-roots`,
      {
        metadata: {
          name: "linkerd-identity-trust-roots",
          namespace: this.namespace,
          annotations: KEPT_BY_HELM,
        },
        data: { "ca-bundle.crt": trustBundle },
      },
      child,
    );
    const issuer = new kubernetes.core.v1.Secret(
      `${name}-issuer`,
      {
        metadata: {
          name: "linkerd-identity-issuer",
          namespace: this.namespace,
          annotations: KEPT_BY_HELM,
        },
        // What exists keeps its type, which cannot be changed: the chart makes an Opaque one. Nobody reads it.
        ...(cluster.adopt ? {} : { type: "kubernetes.io/tls" }),
        data: {
          "tls.crt": base64(source.certificatePem),
          "tls.key": base64(source.privateKeyPem),
          "ca.crt": base64(source.anchorPem),
        },
      },
      { ...child, ignoreChanges: ["type"] },
    );
    return [trustRoots, issuer];
  }
}
