import { z } from "zod";
import { matching } from "../config/common";

/** Treatment, by the API server of a cluster, of a change that the stack file does not declare. */
export const admissionMode = z.enum(["off", "warn", "enforce"]);

/** A user or a group, as the API server of a cluster knows it. */
export const operator = matching(
  /^(user|group):\S+$/,
  "is neither a user nor a group of a cluster",
  "write user:<name> or group:<name>, as `kubectl auth whoami` shows them, for example group:platform",
).max(300);
