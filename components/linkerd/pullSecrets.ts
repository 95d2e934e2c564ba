import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { PULL_SECRET } from "../../fleet/config/names";
import { base64 } from "../base64";

/** What the pods of one namespace pull their images with, where the stack file gives it; else none. */
export function pullSecrets(
  name: string,
  args: {
    readonly cluster: ClusterPlan;
    readonly namespace: pulumi.Input<string>;
    readonly secret: (key: string) => pulumi.Output<string>;
  },
  opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Secret[] {
  const { pullSecret } = args.cluster.install.images;
  if (!pullSecret) return [];
  return [
    new kubernetes.core.v1.Secret(
      `${name}-registry`,
      {
        metadata: { name: PULL_SECRET, namespace: args.namespace },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": base64(args.secret(pullSecret.secret)) },
      },
      opts,
    ),
  ];
}
