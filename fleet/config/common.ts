import { z } from "zod";
import { CLUSTER_NAME, MAX_LABEL, NAMESPACE_NAME, SERVICE_NAME } from "../names";

/** Between what is wrong and what to write, in a schema message; `parse.ts` splits there. */
export const FIX = " → ";

const TOO_LONG = `is longer than ${MAX_LABEL} characters${FIX}use a shorter name`;

/** A string of one shape. The problem and its remedy are written together, where the shape is. */
export function matching(pattern: RegExp, problem: string, fix: string): z.ZodString {
  return z.string().regex(pattern, problem + FIX + fix);
}

export const clusterName = matching(
  CLUSTER_NAME,
  "is not a DNS label",
  "use lower-case letters, digits and dashes, starting with a letter and without dots",
).max(MAX_LABEL, TOO_LONG);

export const namespaceName = matching(
  NAMESPACE_NAME,
  "is not the name of a namespace",
  "use lower-case letters, digits and dashes, without dots",
).max(MAX_LABEL, TOO_LONG);

export const serviceName = matching(
  SERVICE_NAME,
  "is not the name of a Service",
  "use lower-case letters, digits and dashes, starting with a letter and without dots",
).max(MAX_LABEL, TOO_LONG);

/** A DNS name such as a trust domain or a cluster domain. */
export const domainName = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  "is not a DNS name",
  "use lower-case labels joined by dots, for example cluster.local",
).max(253, `is longer than 253 characters${FIX}shorten it`);

export const port = z.int("is not a whole number").min(1, "is not a port").max(65535, "is not a port");

export const nodePort = z
  .int("is not a whole number")
  .min(1, "is not a port")
  .max(65535, "is not a port")
  .describe("A node port of the cluster (usually 30000–32767)");

/** An IP address or a host name that the pods of the source clusters can resolve. */
export const address = matching(
  /^[0-9A-Za-z]([-0-9A-Za-z.:]*[0-9A-Za-z])?$/,
  "is not an IP address or host name",
  "write one of them alone, without scheme, port or comma, for example gw.eu.example.com",
);

/** One address or several. */
export const addresses = z
  .union([address, z.array(address).min(1, "is empty")])
  .transform((value) => (typeof value === "string" ? [value] : value));

/**
 * A reference to a secret configuration value of this stack. Secrets are never written inside the structured
 * values: those are plain, appear in outputs and are compared in previews.
 */
export const secretRef = z.strictObject({
  secret: matching(
    /^[A-Za-z0-9][-_.A-Za-z0-9]*$/,
    "is not the name of a configuration key",
    "use letters, digits, dots, dashes and underscores, for example kubeconfig-eu",
  ).describe("Configuration key set with `pulumi config set --secret linkerd-fleet:<key>`"),
});
export type SecretRef = z.infer<typeof secretRef>;

export const certificatePem = matching(
  /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
  "is not a PEM certificate",
  "paste it whole, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
);

/** Charts and releases are pinned: a range would let two previews of one commit differ. */
export const exactVersion = matching(
  /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/,
  "is not one exact version: a range or `latest` would let two runs differ",
  "write all three numbers without a leading v, for example 2026.8.3",
);

/** Mirrored metadata key: `example.com/key`, or a whole group as `example.com/*`. */
export const metadataKey = matching(
  /^[A-Za-z0-9][-_.A-Za-z0-9]*(\/([A-Za-z0-9][-_.A-Za-z0-9]*|\*))?$/,
  "is not a label or annotation key",
  "write a key such as `example.com/team`, or a whole group as `example.com/*`",
);

export const mode = z.enum(["gateway", "flat", "federated"]);
/** How a service crosses: through the target's gateway, pod to pod, or as a member of a federated service. */
export type Mode = z.infer<typeof mode>;
