import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CREDENTIALS_TYPE, destinationMetadata, linkKubeconfig } from "../../fleet/access/credentials";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { credentialsName } from "../../fleet/config/names";
import { createdBy, linkSpec } from "../../fleet/links/link";
import type { LinkPlan } from "../../fleet/topology/plan";
import { base64 } from "../base64";
import { LinkResource } from "./linkResource";

/** What a source needs of an access, of this stack or of another. */
export interface LinkAccess {
  readonly serviceAccount: string;
  /** Of the token. */
  readonly generation: number;
  /** Secret. */
  readonly token: pulumi.Output<string>;
  /** Base64 of PEM. */
  readonly caData: pulumi.Output<string>;
}

export interface LinkArgs {
  readonly link: LinkPlan;
  readonly target: ClusterPlan;
  /** What the target grants the source. */
  readonly access: LinkAccess;
  /** `undefined` for a target without a gateway. */
  readonly gatewayAddress: pulumi.Output<string> | undefined;
  /**
   * What must be ready before the credentials. Given to the first child and not to the component: a component whose
   * dependency failed is skipped, and the engine gives the whole update up when a skipped component then ends.
   */
  readonly after: readonly pulumi.Resource[];
  /** Namespaces of the source. */
  readonly namespaces: {
    readonly controlPlane: pulumi.Input<string>;
    readonly multicluster: pulumi.Input<string>;
  };
}

/**
 * A link from the source (this component's provider) to a target: the credentials for the destination controller,
 * those for the service mirror, then the Link. Created in this order, because the destination controller looks a
 * new cluster up once, and the Link makes the service mirror start.
 */
export class Link extends pulumi.ComponentResource {
  /** The credentials that the destination controller reads. */
  readonly destination: kubernetes.core.v1.Secret;
  /** When the Link was made, as Kubernetes writes it. */
  readonly created: pulumi.Output<string>;

  constructor(name: string, args: LinkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { link, target, access } = args;
    const { source, modes, state } = link;
    super("linkerd-fleet:link:Link", name, { source, target: link.target, modes, state }, opts);
    const child = { parent: this };

    const secretName = credentialsName(link.target);
    const kubeconfig = base64(
      pulumi
        .all([access.token, access.caData])
        .apply(([token, caData]) => linkKubeconfig(target, access.serviceAccount, { token, caData })),
    );
    this.destination = new kubernetes.core.v1.Secret(
      `${name}-destination`,
      {
        metadata: {
          name: secretName,
          namespace: args.namespaces.controlPlane,
          ...destinationMetadata(target),
        },
        type: CREDENTIALS_TYPE,
        data: { kubeconfig },
      },
      { ...child, dependsOn: [...args.after] },
    );
    const serviceMirror = new kubernetes.core.v1.Secret(
      `${name}-mirror`,
      {
        metadata: { name: secretName, namespace: args.namespaces.multicluster },
        type: CREDENTIALS_TYPE,
        data: { kubeconfig },
      },
      { ...child, dependsOn: [this.destination] },
    );
    const resource = new LinkResource(
      `${name}-link`,
      {
        metadata: {
          name: link.target,
          namespace: args.namespaces.multicluster,
          annotations: { "linkerd.io/created-by": createdBy(target.install.multicluster.version) },
        },
        spec: linkSpec<pulumi.Input<string>>(link, target, args.gatewayAddress ?? "", access.generation),
      },
      { ...child, dependsOn: [serviceMirror] },
    );
    this.created = resource.metadata.creationTimestamp;
    this.registerOutputs({});
  }
}
