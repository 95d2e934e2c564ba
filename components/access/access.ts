import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { accessObjects, tokenId } from "../../fleet/access/objects";
import { type AccessPlan, ageWarning } from "../../fleet/access/plan";
import { ofGeneration } from "../../fleet/config/names";
import { base64 } from "../base64";
import type { LinkAccess } from "../links/link";
import { type Inputs, renderObjects } from "../objects/render";

export interface AccessArgs {
  readonly access: AccessPlan;
  /** The multicluster namespace of the target. */
  readonly namespace: pulumi.Input<string>;
  /** The target's role for all accesses. */
  readonly role: kubernetes.rbac.v1.ClusterRole;
  /** Certificate authority of the target's API server, in PEM, where the cluster's own is not the right one. */
  readonly ca?: string;
  /** Days after which a preview warns of the token in use. */
  readonly maxTokenAge: number | undefined;
}

/**
 * The access that a target grants one source: a ServiceAccount, bound to the target's read-only role, and its tokens:
 * one, or several while it is rotated. Each source has its own, so that one can be revoked without touching the
 * others.
 */
export class Access extends pulumi.ComponentResource implements LinkAccess {
  readonly serviceAccount: string;
  /** Generation of `token`. */
  readonly generation: number;
  /** Secret. */
  readonly token: pulumi.Output<string>;
  /** Base64 of PEM. */
  readonly caData: pulumi.Output<string>;

  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const { serviceAccount, source, target, generation } = args.access;
    super("linkerd-fleet:access:Access", name, { source, target, generation }, opts);
    const child = { parent: this };
    this.serviceAccount = serviceAccount;
    this.generation = generation;

    const tokenName = (generation: number) => {
      const suffix = new random.RandomString(
        ofGeneration(`${name}-suffix`, generation),
        { length: 6, upper: false, special: false },
        child,
      );
      return pulumi.interpolate`${serviceAccount}-${suffix.result}`;
    };
    const { namespace, role } = args;
    const objects = accessObjects<Inputs>(args.access, { namespace, role: role.metadata.name, tokenName });
    const token = renderObjects(name, objects, child).get(tokenId(generation), kubernetes.core.v1.Secret);
    token.metadata.creationTimestamp.apply((created) => {
      const warning = ageWarning(args.access, created, args.maxTokenAge, new Date());
      if (warning !== undefined) void pulumi.log.warn(warning, this);
    });
    this.token = pulumi.secret(token.data.apply((data) => decode(data?.token)));
    const { ca } = args;
    this.caData =
      ca === undefined ? pulumi.unsecret(token.data.apply((data) => data?.["ca.crt"] ?? "")) : base64(ca);
    this.registerOutputs({});
  }
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}
