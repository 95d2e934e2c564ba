import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { gatherSections, NAMESPACE, ownValues } from "../fleet/config/fleetFile";
import { structured } from "../fleet/config/json";
import type { RawConfig } from "../fleet/config/parse";
import { isSecretValue } from "./sdk";

/** The stack that is deployed: `organization/project/stack`. */
export function stackIdentity(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** A configuration value of this program in plain text, also one that is a secret. */
export function storedValue(key: string): string | undefined {
  return pulumi.runtime.getConfig(`${NAMESPACE}:${key}`);
}

/** A secret configuration value of this program. */
export function secretValue(key: string): pulumi.Output<string> {
  return new pulumi.Config(NAMESPACE).requireSecret(key);
}

/** All configuration of this program as it stands in the stack file, with no judgement of it. */
export function readStackConfig(): RawConfig {
  const own = ownValues(pulumi.runtime.allConfig());
  const values = Object.fromEntries(Object.entries(own).map(([key, text]) => [key, structured(text)]));
  return {
    // The engine runs programs in the folder of Pulumi.yaml.
    ...gatherSections(values, (path) => readFileSync(path)),
    stack: stackIdentity(),
    secretKeys: new Set(Object.keys(own).filter((key) => isSecretValue(`${NAMESPACE}:${key}`))),
  };
}
