import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";

/** Where the kubeconfigs of clusters are, apart from the caller's own. */
export interface ClusterKubeconfigs {
  /** By cluster: those that other stacks make, as the plan says, and those that the program itself makes. */
  readonly kubeconfigs?: ReadonlyMap<string, pulumi.Input<string>>;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** The Kubernetes provider of one cluster. */
export function clusterProvider(
  { name, context, kubeconfig, adopt }: ClusterPlan,
  { secret, kubeconfigs = new Map() }: ClusterKubeconfigs,
  opts: pulumi.ResourceOptions,
): kubernetes.Provider {
  const given = kubeconfigs.get(name);
  if (kubeconfig && "stack" in kubeconfig && given === undefined)
    throw new Error(`the kubeconfig of ${name} was not read`);
  // The context of the plan is one of the caller's own kubeconfig, or of the one that the plan names.
  const isOwnContext = given === undefined || kubeconfig !== undefined;
  const stored =
    kubeconfig && "secret" in kubeconfig ? secret(kubeconfig.secret) : given && pulumi.secret(given);
  return new kubernetes.Provider(
    name,
    {
      ...(context === undefined || !isOwnContext ? {} : { context }),
      // Empty: the plugin reads the caller's kubeconfig as kubectl does. Without it, the SDK would hand over the
      // text of KUBECONFIG: several files in it would be no kubeconfig, relative paths in one would lead nowhere,
      // and the state would change with the machine.
      kubeconfig: stored ?? "",
      // Without it a change of address or CA would replace every resource of the cluster.
      clusterIdentifier: name,
      // Without them a rotated Secret or bundle would be deleted before it is made again.
      enableSecretMutable: true,
      enableConfigMapMutable: true,
      // One dead cluster must not hold up the others; the provider's own default is 32 s.
      kubeClientSettings: { timeout: 10 },
      suppressHelmHookWarnings: true,
      // An apply over what exists keeps the object; force, because kubectl or Helm own the fields.
      ...(adopt ? { upsertExistingObjects: true, enablePatchForce: true } : {}),
    },
    opts,
  );
}
