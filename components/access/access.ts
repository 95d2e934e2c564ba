import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type AccessPlan, ageWarning } from "../../fleet/access/plan";
import { ofGeneration, TOKEN_TYPE } from "../../fleet/config/names";
import type { LinkAccess } from "../links/link";

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
 * What a target grants one source: a ServiceAccount, bound to the target's read-only role, and its tokens: one,
 * or several while it is rotated. Each source has its own, so that one can be revoked without touching the others.
 */
export class Access extends pulumi.ComponentResource implements LinkAccess {
  readonly serviceAccount: string;
  /** Of `token`. */
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
    const labels = { "linkerd.io/extension": "multicluster", "linkerd-fleet/source": source };

    const account = new kubernetes.core.v1.ServiceAccount(
      `${name}-account`,
      {
        metadata: { name: serviceAccount, namespace: args.namespace, labels },
        automountServiceAccountToken: false,
      },
      child,
    );
    const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
      `${name}-binding`,
      {
        metadata: { name: serviceAccount, labels },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "ClusterRole",
          name: args.role.metadata.name,
        },
        subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace: args.namespace }],
      },
      child,
    );
    const valid = args.access.tokens.map((of) => {
      const secret = this.tokenOf(of, name, args, labels, [account, binding]);
      return [of, secret] as const;
    });
    const token = new Map(valid).get(generation);
    if (!token) throw new Error(`the plan keeps no token of generation ${generation} for ${name}`);
    token.metadata.creationTimestamp.apply((created) => {
      const warning = ageWarning(args.access, created, args.maxTokenAge, new Date());
      if (warning !== undefined) void pulumi.log.warn(warning, this);
    });
    this.token = pulumi.secret(token.data.apply((data) => decode(data?.token)));
    const { ca } = args;
    this.caData =
      ca === undefined
        ? pulumi.unsecret(token.data.apply((data) => data?.["ca.crt"] ?? ""))
        : pulumi.output(Buffer.from(ca, "utf8").toString("base64"));
    this.registerOutputs({});
  }

  /** A token has a name drawn once: one that was revoked can never come back under the same name. */
  private tokenOf(
    generation: number,
    name: string,
    { access, namespace }: AccessArgs,
    labels: Record<string, string>,
    dependsOn: pulumi.Resource[],
  ): kubernetes.core.v1.Secret {
    const suffix = new random.RandomString(
      ofGeneration(`${name}-suffix`, generation),
      { length: 6, upper: false, special: false },
      { parent: this },
    );
    return new kubernetes.core.v1.Secret(
      ofGeneration(`${name}-token`, generation),
      {
        metadata: {
          name: pulumi.interpolate`${access.serviceAccount}-${suffix.result}`,
          namespace,
          labels,
          annotations: {
            "kubernetes.io/service-account.name": access.serviceAccount,
            // The provider's own wait for a token ends after 5 s.
            "pulumi.com/waitFor": "jsonpath={.data.token}",
          },
        },
        type: TOKEN_TYPE,
      },
      { parent: this, dependsOn },
    );
  }
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}
