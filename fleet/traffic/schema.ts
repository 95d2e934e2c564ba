import { z } from "zod";
import { clusterName, matching, port } from "../config/common";

/** One whole number and a unit: Linkerd's parser takes no fraction (linkerd2 `outbound/index.rs`, `parse_duration`). */
const duration = matching(
  /^\d{1,9}(ms|s|m|h)$/,
  "is not a duration",
  "write a whole number and ms, s, m or h, for example 500ms",
);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function milliseconds(text: string): number {
  const [, amount, unit = ""] = /^(\d+)(\w+)$/.exec(text) ?? [];
  return Number(amount) * (UNITS[unit] ?? 0);
}

/** Defaults: Linkerd's own (linkerd2 `outbound/index.rs`, `parse_consecutive_params`). */
export const failureAccrualConfig = z.strictObject({
  maxFailures: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(7)
    .describe("Failures in a row after which an endpoint is left out"),
  minPenalty: duration.default("1s").describe("How long it is left out at first"),
  maxPenalty: duration.default("60s").describe("How long at most, after more failures"),
});

export const timeoutsConfig = z.strictObject({
  request: duration
    .optional()
    .describe("For a whole request with its answer, retries included. Default: none"),
  response: duration.optional().describe("For the answer, once the request was sent. Default: none"),
  idle: duration.optional().describe("For a pause in which nothing is sent either way. Default: none"),
});

const httpCondition = matching(
  /^(5xx|gateway-error|[1-5]\d\d(-[1-5]\d\d)?)$/,
  "is no condition for a retry",
  "write 5xx, gateway-error (502 to 504), a status such as 503, or a range such as 500-503",
);

export const retriesConfig = z.strictObject({
  limit: z.int().min(1).max(100).default(1).describe("How often a request is sent again"),
  http: z.array(httpCondition).min(1).default(["5xx"]).describe("Answers after which it is sent again"),
  grpc: z
    .array(z.enum(["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]))
    .min(1)
    .optional()
    .describe("gRPC statuses after which it is sent again. Default: none"),
  timeout: duration.optional().describe("After this time one try is given up and sent again. Default: none"),
});

export const trafficConfig = z.strictObject({
  port: port.describe("Port of the Service whose requests are divided"),
  from: z
    .array(clusterName)
    .min(1)
    .optional()
    .describe("The clusters whose own callers are meant, each with the Service. Default: all of `in`"),
  weights: z
    .record(clusterName, z.int().min(0).max(1_000_000))
    .describe("For each cluster of `in` its share: of the Service itself, and of the mirrors of the others"),
});
export type TrafficConfig = z.infer<typeof trafficConfig>;
