import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AccessPlan } from "../fleet/plan";

export interface AccessArgs {
  readonly access: AccessPlan;
  /** The multicluster namespace of the target. */
  readonly namespace: pulumi.Input<string>;
  /** The target's role for all accesses. */
  readonly role: kubernetes.rbac.v1.ClusterRole;
  /** Certificate authority of the target's API server, in PEM, where the cluster's own is not the right one. */
  readonly ca?: string;
}

/**
 * What a target grants one source: a ServiceAccount, bound to the target's read-only role, and its token. Each
 * source has its own, so that one can be revoked without touching the others.
 */
export class Access extends pulumi.ComponentResource {
  readonly serviceAccount: string;
  /** Secret. */
  readonly token: pulumi.Output<string>;
  /** Base64 of PEM. */
  readonly caData: pulumi.Output<string>;

  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const { serviceAccount, source, target } = args.access;
    super("linkerd-fleet:access:Access", name, { source, target }, opts);
    const child = { parent: this };
    this.serviceAccount = serviceAccount;
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
    // A name drawn once: the token of a revoked access can never come back under the same name.
    const suffix = new random.RandomString(
      `${name}-suffix`,
      { length: 6, upper: false, special: false },
      child,
    );
    const token = new kubernetes.core.v1.Secret(
      `${name}-token`,
      {
        metadata: {
          name: pulumi.interpolate`${serviceAccount}-${suffix.result}`,
          namespace: args.namespace,
          labels,
          annotations: {
            "kubernetes.io/service-account.name": serviceAccount,
            // The provider's own wait for a token ends after 5 s.
            "pulumi.com/waitFor": "jsonpath={.data.token}",
          },
        },
        type: "kubernetes.io/service-account-token",
      },
      { ...child, dependsOn: [account, binding] },
    );
    this.token = pulumi.secret(token.data.apply((data) => decode(data?.token)));
    const { ca } = args;
    this.caData =
      ca === undefined
        ? pulumi.unsecret(token.data.apply((data) => data?.["ca.crt"] ?? ""))
        : pulumi.output(Buffer.from(ca, "utf8").toString("base64"));
    this.registerOutputs({});
  }
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}
