import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { controlPlaneNamespace, licenseObjects, pullSecretObjects } from "../../fleet/linkerd/objects";
import { controlPlaneRelease, crdsRelease } from "../../fleet/linkerd/releases";
import { WEBHOOKS } from "../../fleet/linkerd/values";
import { issuerSecret, trustRoots } from "../../fleet/trust/objects";
import type { TrustPlan } from "../../fleet/trust/plan";
import { base64 } from "../base64";
import { type Inputs, renderObjects } from "../objects/render";
import type { KeyPair } from "../trust/certificates";
import { CertManager } from "../trust/certManager";
import { WebhookAuthority } from "../trust/webhookAuthority";
import { WebhookCertificate } from "../trust/webhookCertificate";
import { chartRelease } from "./chart";
import { gatewayApiResources } from "./gatewayApi";

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

    const namespace = renderObjects(name, [controlPlaneNamespace(cluster)], child).get(
      "namespace",
      kubernetes.core.v1.Namespace,
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
    const secret = (key: string) => base64(args.secret(key));
    const secrets = [
      ...licenseObjects<Inputs>(cluster, this.namespace, secret),
      ...pullSecretObjects<Inputs>(cluster, this.namespace, secret),
    ];
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

    // Before the release, which may have them no more: `fleet/linkerd/gatewayApi.ts`.
    const gatewayApi = gatewayApiResources(name, cluster, child);
    const crds = chartRelease(`${name}-crds`, crdsRelease(cluster), args.secret, {
      ...child,
      dependsOn: [namespace, ...gatewayApi],
    });
    // The policy controller looks for the Gateway API CRDs once, when it starts: the CRDs come first.
    this.release = chartRelease(
      `${name}-release`,
      controlPlaneRelease<pulumi.Output<string>>(cluster, {
        bundle: args.trustBundle,
        webhooks: webhooks.map(({ value }) => ({ value, caBundle: authority.certificatePem })),
      }),
      args.secret,
      {
        ...child,
        dependsOn: [
          crds,
          ...identity,
          ...renderObjects(name, secrets, child).all,
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
    const issuer = {
      certificate: base64(source.certificatePem),
      privateKey: base64(source.privateKeyPem),
      anchor: base64(source.anchorPem),
    };
    const objects = [
      trustRoots<Inputs>(this.namespace, trustBundle),
      issuerSecret<Inputs>(cluster, this.namespace, issuer),
    ];
    return renderObjects(name, objects, ({ kind }) => ({
      parent: this,
      ...(kind === "Secret" ? { ignoreChanges: ["type"] } : {}),
    })).all;
  }
}
