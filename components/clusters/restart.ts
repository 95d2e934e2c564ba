import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

export interface RestartArgs {
  readonly namespace: pulumi.Input<string>;
  readonly deployment: string;
  /** Of its pods. Another value than before restarts them. */
  readonly annotation: readonly [key: string, value: string];
}

/**
 * Restarts a Deployment that is not ours, by one annotation of its pods, and waits for it. Exists only where there
 * was something to restart for: taking it away restarts the Deployment once more.
 */
export function restart(
  name: string,
  { namespace, deployment, annotation: [key, value] }: RestartArgs,
  opts: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.DeploymentPatch {
  return new kubernetes.apps.v1.DeploymentPatch(
    name,
    {
      metadata: {
        name: deployment,
        namespace,
        // One for each reason: with a shared one, a second patch of the same Deployment would drop what the first set.
        annotations: { "pulumi.com/patchFieldManager": `linkerd-fleet-${key.split("/").at(-1)}` },
      },
      spec: { template: { metadata: { annotations: { [key]: value } } } },
    },
    opts,
  );
}
