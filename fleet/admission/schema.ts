import { z } from "zod";
import { judged } from "../config/common";

/** Treatment, by the API server of a cluster, of a change that the stack file does not declare. */
export const admissionMode = z.enum(["off", "warn", "enforce"]);

/** Groups and a user of each API server (https://kubernetes.io/docs/reference/access-authn-authz/authentication/). */
const EVERYBODY = /^(group:system:(authenticated|unauthenticated|serviceaccounts)|user:system:anonymous)$/;

/** A user or a group, as the API server of a cluster knows it. */
export const operator = judged((text) => {
  if (!/^(user|group):\S+$/.test(text)) {
    return [
      "is neither a user nor a group of a cluster",
      "write user:<name> or group:<name>, as `kubectl auth whoami` shows them, for example group:platform",
    ];
  }
  if (EVERYBODY.test(text))
    return ["is everybody, and would make everybody an operator", "name the account or group that deploys"];
  if (text.endsWith(":*"))
    return ["is no name: an API server knows no wildcards", "name the account or group that deploys"];
  return undefined;
}, "^(user|group):\\S+$").max(300);
