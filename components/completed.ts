import * as pulumi from "@pulumi/pulumi";

/**
 * Whether all of a component was deployed, so far as a program can know: with `--continue-on-error` it goes on after
 * a failure and is told nothing. The engine skips what depends on a failed resource, and this depends on all of them.
 * In a preview the answer is yes.
 */
export async function completed(component: pulumi.ComponentResource): Promise<boolean> {
  const last = new pulumi.Stash("completed", { input: true }, { dependsOn: [component] });
  // Internal to the SDK, whose own StackReference relies on it; an `apply` on what was skipped would never run.
  const id = last.id as pulumi.Output<string> & { readonly isKnown: Promise<boolean> };
  return (await id.isKnown) || pulumi.runtime.isDryRun();
}
