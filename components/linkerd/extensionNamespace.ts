import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { InstallPlan } from "../../fleet/linkerd/charts";

/**
 * The namespace of an extension, with what its chart would not give it on an install by Helm (linkerd2
 * `viz/charts/linkerd-viz/templates/namespace.yaml`) or give it in a Job afterwards; `linkerd check` finds extensions by
 * the label.
 */
export function extensionNamespace(
  name: string,
  args: { readonly name: string; readonly extension: string; readonly install: InstallPlan },
  opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Namespace {
  const labels = {
    "linkerd.io/extension": args.extension,
    "pod-security.kubernetes.io/enforce": args.install.cni ? "restricted" : "privileged",
  };
  return new kubernetes.core.v1.Namespace(
    `${name}-namespace`,
    { metadata: { name: args.name, labels } },
    opts,
  );
}
