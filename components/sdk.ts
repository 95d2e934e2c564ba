/**
 * Every contact with parts of the Pulumi SDK that are not documented. Each says what it needs and what would break.
 */
import * as pulumi from "@pulumi/pulumi";
import { isConfigSecret } from "@pulumi/pulumi/runtime/config";
import { NEEDED_PULUMI } from "../fleet/neededVersions";
import type { RawOutputs } from "../fleet/outputs/schema";

// The SDK exports it; its types do not.
declare module "@pulumi/pulumi/runtime/config" {
  export function isConfigSecret(key: string): boolean;
}

/**
 * The SDK's debug messages quote each resource, secrets in plain text. The engine shows them only on demand, but
 * event logs and the JSON streams of `up` and `preview` hold them.
 */
export function silenceSdkDebugMessages(): void {
  Object.assign(pulumi.log, { debug: () => Promise.resolve() });
}

/**
 * Keeps the SDK from taking two stack traces for every resource and one for every promise: together most of the time
 * in which the program works, and a quarter of the state. They say which line of this program made a resource, which
 * its name says as well. `PULUMI_DEBUG_PROMISE_LEAKS` keeps them, as it does the SDK's own reports.
 */
export function disableSdkStackTraces(): void {
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS !== undefined) return;
  // biome-ignore lint/complexity/useLiteralKeys: private to the SDK; it goes into the state and nowhere else
  pulumi.Resource["stackTrace"] = () => [];
  // One line still tells where an error of ours was thrown.
  Error.stackTraceLimit = 1;
  const { prepareStackTrace: render } = Error;
  // ts-node looks for the source of each line. Nobody reads those of the SDK's promises (`runtime/debuggable.js`).
  Error.prepareStackTrace = (error, frames) => {
    const ofPromise = frames[0]?.getFileName()?.endsWith("/debuggable.js");
    return ofPromise || !render ? [error, ...frames].join("\n    at ") : render(error, frames);
  };
}

/** Ends the program with words for a person. */
export function stop(message: string): never {
  const error = new pulumi.RunError(message);
  // The SDK does not show the stack of a RunError, but it renders one all the same, at a cost of 15 s.
  error.stack = message;
  throw error;
}

/** Ends the program where the CLI is too old. One that cannot even be asked is older than that. */
export async function requirePulumi(): Promise<void> {
  try {
    await pulumi.requirePulumiVersion(`>=${NEEDED_PULUMI}`);
  } catch {
    stop(`This program needs the Pulumi CLI ${NEEDED_PULUMI} or later: \`pulumi version\` shows yours.`);
  }
}

/** Whether a configuration value is a secret. `key` has the project's prefix. */
export function isSecretValue(key: string): boolean {
  return isConfigSecret(key);
}

/**
 * The outputs of a stack's last deployment. The same call stands behind a `StackReference`, but that is a resource:
 * one to the stack itself would be a step of every preview and would change the state even when the transition guard
 * refuses; one to another stack would copy that stack's secrets into this one's state.
 */
export async function readStackOutputs(name: string): Promise<RawOutputs> {
  const read: { readonly outputs?: RawOutputs } = await pulumi.runtime.invoke(
    "pulumi:pulumi:readStackOutputs",
    { name },
  );
  return read.outputs ?? {};
}

/**
 * Whether all resources were deployed, so far as a program can know: with `--continue-on-error` it goes on after a
 * failure and is told nothing, but a resource that failed, or was skipped for one, has no id. In a preview the answer
 * is yes.
 */
export async function allResourcesCreated(resources: readonly pulumi.Resource[]): Promise<boolean> {
  const custom = resources.filter((resource) => pulumi.CustomResource.isInstance(resource));
  return (await Promise.all(custom.map(({ id }) => isResolved(id)))).every((resolved) => resolved);
}

/**
 * Whether an output has a value: one of a resource that failed or was skipped has none. In a preview it may yet come.
 */
export async function isResolved(output: pulumi.Output<unknown>): Promise<boolean> {
  return (await isKnown(output)) || pulumi.runtime.isDryRun();
}

/**
 * An output under its key; if it does not come, because its resource failed or was skipped, what the last deployment
 * had, or else no entry.
 */
export async function settled<T, K>(
  output: pulumi.Output<T>,
  last: T | undefined,
  key: K,
): Promise<(readonly [K, pulumi.Output<T> | T])[]> {
  if (await isResolved(output)) return [[key, output]];
  return last === undefined ? [] : [[key, last]];
}

/** The value of an output; `undefined` where it has none, or none yet: in a preview, or if its resource failed. */
export async function resolved<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  if (!(await isKnown(output))) return undefined;
  const { promise } = output as pulumi.Output<T> & { readonly promise: () => Promise<T> };
  return promise.call(output);
}

function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  // The SDK's own StackReference relies on it; an `apply` on what was skipped would never run.
  return (output as pulumi.Output<unknown> & { readonly isKnown: Promise<boolean> }).isKnown;
}
