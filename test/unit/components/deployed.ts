import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../../../fleet/plan";
import { isSecretInput, PLANTED, type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

export const LINK = "kubernetes:multicluster.linkerd.io/v1alpha3:Link";
export const SECRET = "kubernetes:core/v1:Secret";
export const RELEASE = "kubernetes:helm.sh/v3:Release";

export function deploy(plan: Plan, options?: { preview: boolean }): Promise<Registered[]> {
  const secret = (key: string) => pulumi.secret(`${PLANTED.privateKey} of ${key}`);
  return runUnderMocks(() => void plannedFleet({ plan, secret }), options);
}

/** The value at a path, with secrets unwrapped; `undefined` where there is none. */
export function at(resource: Registered | undefined, ...path: string[]): unknown {
  let value: unknown = resource?.inputs;
  for (const key of path) {
    if (isSecretInput(value)) value = value.value;
    value =
      typeof value === "object" && value !== null
        ? Object.entries(value).find(([k]) => k === key)?.[1]
        : undefined;
  }
  return isSecretInput(value) ? value.value : value;
}

export function decoded(resource: Registered | undefined, key: string): string {
  return Buffer.from(String(at(resource, "data", key)), "base64").toString("utf8");
}
