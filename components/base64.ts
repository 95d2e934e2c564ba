import * as pulumi from "@pulumi/pulumi";

/**
 * For the `data` of Secrets: what is written as `stringData` is compared as `data`, so that a diff of it cannot
 * be trusted. Keeps secretness.
 */
export function base64(text: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(text).apply((plain) => Buffer.from(plain, "utf8").toString("base64"));
}
