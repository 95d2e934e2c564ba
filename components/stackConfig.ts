import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { gatherSections } from "../fleet/config/fleetFile";
import { structured } from "../fleet/config/json";
import type { RawConfig } from "../fleet/config/parse";
import { isSecretValue } from "./sdk";

/** The stack that is deployed: `organization/project/stack`. */
export function stackIdentity(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** A configuration value of this project in plain text, also one that is a secret. */
export function storedValue(key: string): string | undefined {
  return pulumi.runtime.getConfig(`${pulumi.getProject()}:${key}`);
}

/** All configuration of this project as it stands in the stack file, with no judgement of it. */
export function readStackConfig(): RawConfig {
  const prefix = `${pulumi.getProject()}:`;
  const keys = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const values = Object.fromEntries(keys.map(([key, text]) => [key.slice(prefix.length), structured(text)]));
  return {
    // The engine runs programs in the folder of Pulumi.yaml.
    ...gatherSections(values, (path) => readFileSync(path, "utf8")),
    stack: stackIdentity(),
    secretKeys: new Set(keys.filter(([key]) => isSecretValue(key)).map(([key]) => key.slice(prefix.length))),
  };
}
