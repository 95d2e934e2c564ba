import * as pulumi from "@pulumi/pulumi";
import { isConfigSecret } from "@pulumi/pulumi/runtime/config";
import { structured } from "../fleet/config/json";
import type { RawConfig } from "../fleet/config/parse";

// Exported by the SDK and missing from its types.
declare module "@pulumi/pulumi/runtime/config" {
  export function isConfigSecret(key: string): boolean;
}

/** All configuration of this project as it stands in the stack file, with no judgement of it. */
export function readStackConfig(): RawConfig {
  const prefix = `${pulumi.getProject()}:`;
  const keys = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return {
    values: Object.fromEntries(keys.map(([key, text]) => [key.slice(prefix.length), structured(text)])),
    secretKeys: new Set(keys.filter(([key]) => isConfigSecret(key)).map(([key]) => key.slice(prefix.length))),
  };
}
