import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { linkKubeconfig } from "../../fleet/access/credentials";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { linkObjects, needsDestination } from "../../fleet/links/objects";
import type { LinkPlan } from "../../fleet/topology/plan";
import { base64 } from "../base64";
import { type Inputs, renderObjects } from "../objects/render";

/** The parts of an access that a source needs, from this stack or from another. */
export interface LinkAccess {
  readonly serviceAccount: string;
  /** Generation of the token. */
  readonly generation: number;
  /** Secret. */
  readonly token: pulumi.Output<string>;
  /** Base64 of PEM. */
  readonly caData: pulumi.Output<string>;
}

export interface LinkArgs {
  readonly link: LinkPlan;
  readonly target: ClusterPlan;
  /** URL at which the source reaches the target's API server. */
  readonly apiServer: pulumi.Input<string>;
  /** The access that the target grants the source. */
  readonly access: LinkAccess;
  /** `undefined` for a target without a gateway. */
  readonly gatewayAddress: pulumi.Output<string> | undefined;
  /**
   * Resources that must be ready before the credentials. The first child depends on them, not the component: a
   * component whose dependency failed is skipped, and the engine ends the whole update when a skipped component then
   * ends.
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
  /** The credentials that the destination controller reads; none where the link carries gateway services only. */
  readonly destination: kubernetes.core.v1.Secret | undefined;
  readonly link: kubernetes.apiextensions.CustomResource;
  /** When the Link was made, as Kubernetes writes it. */
  readonly created: pulumi.Output<string>;

  constructor(name: string, args: LinkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { link, target, access } = args;
    const { source, modes, state, selects } = link;
    const named = selects ? { selects } : {};
    super("linkerd-fleet:link:Link", name, { source, target: link.target, modes, state, ...named }, opts);
    const kubeconfig = base64(
      pulumi
        .all([args.apiServer, access.token, access.caData])
        .apply(([apiServer, token, caData]) =>
          linkKubeconfig({ ...target, apiServer }, access.serviceAccount, { token, caData }),
        ),
    );
    const objects = linkObjects<Inputs>(link, target, {
      namespaces: args.namespaces,
      kubeconfig,
      gatewayAddress: args.gatewayAddress ?? "",
      generation: access.generation,
    });
    const made = renderObjects(name, objects, ({ after }) => ({
      parent: this,
      ...(after && after.length > 0 ? {} : { dependsOn: [...args.after] }),
    }));
    this.destination = needsDestination(link)
      ? made.get("destination", kubernetes.core.v1.Secret)
      : undefined;
    this.link = made.get("link", kubernetes.apiextensions.CustomResource);
    this.created = this.link.metadata.creationTimestamp;
    this.registerOutputs({});
  }
}
