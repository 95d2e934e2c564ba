import * as pulumi from "@pulumi/pulumi";

/**
 * The outputs of this stack's last deployment; none before the first. The same call stands behind a
 * `StackReference`, but that is a resource: one to the stack itself would be a step of every preview, and would
 * change the state even when the transition guard refuses.
 */
export async function lastOutputs(): Promise<Readonly<Record<string, unknown>>> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const read: { readonly outputs?: Readonly<Record<string, unknown>> } = await pulumi.runtime.invoke(
    "pulumi:pulumi:readStackOutputs",
    { name },
  );
  return read.outputs ?? {};
}
