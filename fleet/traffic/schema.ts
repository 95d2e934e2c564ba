import { z } from "zod";
import { clusterName, judged, matching, port } from "../config/common";

/**
 * One whole number and a unit: Linkerd's parser takes no fraction (linkerd2 `outbound/index.rs`, `parse_duration`).
 */
const DURATION = /^\d{1,9}(ms|s|m|h)$/;
const NO_DURATION = [
  "is not a duration",
  "write a whole number and ms, s, m or h, for example 500ms",
] as const;
const duration = matching(DURATION, ...NO_DURATION);

/**
 * Linkerd takes a zero of an annotation at its word, unlike one of an HTTPRoute (linkerd2 `outbound/index.rs`,
 * `parse_timeouts`; linkerd2-proxy `stream-timeouts/src/lib.rs`).
 */
const limit = judged((text) => {
  if (!DURATION.test(text)) return NO_DURATION;
  if (milliseconds(text) === 0)
    return [
      "is no time at all, and every call would fail",
      "write a longer one, or leave it out for no limit",
    ];
  return undefined;
}, "^\\d*[1-9]\\d*(ms|s|m|h)$");

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function milliseconds(text: string): number {
  const [, amount, unit = ""] = /^(\d+)(\w+)$/.exec(text) ?? [];
  return Number(amount) * (UNITS[unit] ?? 0);
}

/** Defaults: Linkerd's own (linkerd2 `outbound/index.rs`, `parse_success_rate_params`). */
export const successRateConfig = z.strictObject({
  threshold: z
    .int()
    .min(1)
    .max(100)
    .default(80)
    .describe("Percentage of successful answers below which the endpoint is left out"),
  window: duration.default("10s").describe("Time over which answers are counted"),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(5)
    .describe("Minimum number of answers in that time. With fewer, the endpoint is not left out"),
});

/** Defaults: Linkerd's own (linkerd2 `outbound/index.rs`, `parse_consecutive_params`). */
export const failureAccrualConfig = z.strictObject({
  mode: z
    .enum(["consecutive", "unified", "none"])
    .default("consecutive")
    .describe(
      "When an endpoint is left out. `consecutive`: after consecutive failures; `unified`: also if too few answers " +
        "succeed (experimental in Linkerd, since edge-26.6.2 and 2.20); `none`: never",
    ),
  maxFailures: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(7)
    .describe("Number of consecutive failures after which an endpoint is left out"),
  minPenalty: duration
    .default("1s")
    .describe("Time for which the endpoint is left out at first, for example `500ms`, `5s` or `1m`"),
  maxPenalty: duration
    .default("60s")
    .describe("Longest time for which the endpoint is left out, after more failures"),
  successRate: successRateConfig
    .optional()
    .describe("How many answers must succeed (`unified`). Default: Linkerd's own"),
});
export type FailureAccrual = z.infer<typeof failureAccrualConfig>;

/** Defaults: Linkerd's own (linkerd2 `policy-controller/core/src/outbound.rs`, `DEFAULT_LOAD_BIASER_PENALTY`). */
export const loadBiaserConfig = z.strictObject({
  penalty: duration
    .default("5s")
    .describe("Response time that counts for an answer that failed or was limited"),
  maxRetryAfter: duration
    .default("300s")
    .describe("Longest time for which a `Retry-After` of an endpoint counts"),
});

export const timeoutsConfig = z.strictObject({
  request: limit
    .optional()
    .describe("Limit for a whole request with its answer, retries included. Default: none"),
  response: limit.optional().describe("Limit for the answer, once the request was sent. Default: none"),
  idle: limit.optional().describe("Limit for a pause in which nothing is sent either way. Default: none"),
});

const CONDITION = /^(5xx|gateway-error|([1-5]\d\d)(-([1-5]\d\d))?)$/;
const httpCondition = judged((text) => {
  const [, condition, first = "", , last = first] = CONDITION.exec(text) ?? [];
  if (condition === undefined) {
    return [
      "is no condition for a retry",
      "write 5xx, gateway-error (502 to 504), a status such as 503, or a range such as 500-503",
    ];
  }
  return Number(first) > Number(last)
    ? ["is a range without a status", `write the lower status first: ${last}-${first}`]
    : undefined;
}, CONDITION.source);

export const retriesConfig = z.strictObject({
  limit: z
    .int()
    .min(0)
    .max(100)
    .default(1)
    .describe("Number of times that a request is sent again. `0`: never, also where `prefer` would"),
  http: z
    .array(httpCondition)
    .min(1)
    .default(["5xx"])
    .describe("Answers after which a request is sent again"),
  grpc: z
    .array(z.enum(["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]))
    .min(1)
    .optional()
    .describe("gRPC statuses after which a request is sent again. Default: none"),
  timeout: limit.optional().describe("Time after which one try is given up and sent again. Default: none"),
});

const trafficEntry = z.strictObject({
  port: port.describe("Port of the Service whose requests are divided"),
  from: z
    .array(clusterName)
    .min(1)
    .optional()
    .describe(
      "Clusters whose own callers are affected. Each must have the Service. Default: all of `in`, and for `prefer` " +
        "those of them that are linked to another one",
    ),
  weights: z
    .record(clusterName, z.int().min(0).max(1_000_000))
    .optional()
    .describe(
      "Share of each cluster of `in`: of the Service itself, and of the mirror services of the others",
    ),
  prefer: z
    .enum(["local"])
    .optional()
    .describe(
      "In place of `weights`. `local`: the Service itself answers, and the mirror services of the others stand by " +
        "until it fails or has no endpoints",
    ),
});
export type TrafficEntry = z.infer<typeof trafficEntry>;

/** One entry stands for itself, or several in a list. */
export const trafficConfig = z.union([z.array(trafficEntry), trafficEntry]);

/** The entries of a service, each with the keys below the service under which it stands. */
export function trafficOf<T>({ traffic }: { readonly traffic: T | readonly T[] }): readonly {
  readonly keys: readonly PropertyKey[];
  readonly entry: T;
}[] {
  const isList = (value: T | readonly T[]): value is readonly T[] => Array.isArray(value);
  return isList(traffic)
    ? traffic.map((entry, at) => ({ keys: ["traffic", at], entry }))
    : [{ keys: ["traffic"], entry: traffic }];
}
