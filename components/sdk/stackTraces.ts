import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps the SDK from taking two stack traces for every resource and one for every promise: together most of the time
 * in which the program works, and a quarter of the state. They say which line of this program made a resource, which
 * its name says as well. `PULUMI_DEBUG_PROMISE_LEAKS` keeps them, as it does the SDK's own reports.
 */
export function withoutStackTraces(): void {
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS !== undefined) return;
  // biome-ignore lint/complexity/useLiteralKeys: private to the SDK; it goes into the state and nowhere else
  pulumi.Resource["stackTrace"] = () => [];
  // One line still tells where an error of ours was thrown.
  Error.stackTraceLimit = 1;
}
