import * as pulumi from "@pulumi/pulumi";

/**
 * Whether all of a component was deployed, so far as a program can know: with `--continue-on-error` it goes on after
 * a failure and is told nothing. The engine skips what depends on a failed resource, and this depends on all of them.
 * In a preview the answer is yes.
 */
export function completed(component: pulumi.ComponentResource): Promise<boolean> {
  return isThere(new pulumi.Stash("completed", { input: true }, { dependsOn: [component] }).id);
}

/** Whether an output has a value: one of a resource that failed or was skipped has none. In a preview it may yet come. */
export async function isThere(output: pulumi.Output<unknown>): Promise<boolean> {
  // Internal to the SDK, whose own StackReference relies on it; an `apply` on what was skipped would never run.
  const { isKnown } = output as pulumi.Output<unknown> & { readonly isKnown: Promise<boolean> };
  return (await isKnown) || pulumi.runtime.isDryRun();
}
