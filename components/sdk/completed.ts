import * as pulumi from "@pulumi/pulumi";

/**
 * Whether all resources were deployed, so far as a program can know: with `--continue-on-error` it goes on after a
 * failure and is told nothing, but what failed, or was skipped for it, has no id. In a preview the answer is yes.
 */
export async function completed(resources: readonly pulumi.Resource[]): Promise<boolean> {
  const custom = resources.filter((resource) => pulumi.CustomResource.isInstance(resource));
  return (await Promise.all(custom.map(({ id }) => isThere(id)))).every((there) => there);
}

/** Whether an output has a value: one of a resource that failed or was skipped has none. In a preview it may yet come. */
export async function isThere(output: pulumi.Output<unknown>): Promise<boolean> {
  // Internal to the SDK, whose own StackReference relies on it; an `apply` on what was skipped would never run.
  const { isKnown } = output as pulumi.Output<unknown> & { readonly isKnown: Promise<boolean> };
  return (await isKnown) || pulumi.runtime.isDryRun();
}
