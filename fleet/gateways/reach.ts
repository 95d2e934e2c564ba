import { z } from "zod";
import type { ChartGatewayPlan, EmissaryGatewayPlan } from "./plan";

/** A proxy is a gateway for the names that end in these (linkerd2-proxy `app/src/env.rs`). */
export const GATEWAY_SUFFIXES = "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES";

/**
 * Environment of the proxy, as JSON, on its pods (linkerd2 `pkg/inject/inject.go`, `parseAdditionalEnvAnnotation`).
 */
export const ADDITIONAL_ENV = "config.linkerd.io/proxy-additional-env";

/** A name that no Service has (RFC 6761): what a gateway forwards to that has no declared service. */
export const NOTHING = "nothing.invalid.";

const env = z.array(z.looseObject({ name: z.string(), value: z.string().exactOptional() }));

/** Nothing where it cannot be read, as Linkerd takes it. */
export function readEnv(annotation: unknown): z.infer<typeof env> {
  if (typeof annotation !== "string") return [];
  try {
    return env.safeParse(JSON.parse(annotation)).data ?? [];
  } catch {
    return [];
  }
}

/**
 * Annotation of the gateway's pods that makes it forward only to the declared Services. By default, it would forward
 * to every Service of its cluster. Use it only on the gateway's own pods: it would turn other pods into gateways.
 * `others`: what the same annotation says besides.
 */
export function reachAnnotations(
  { forwardsTo }: ChartGatewayPlan | EmissaryGatewayPlan,
  others?: unknown,
): Record<string, string> {
  if (forwardsTo === "any") return {};
  const kept = readEnv(others).filter(({ name }) => name !== GATEWAY_SUFFIXES);
  const value = forwardsTo.length > 0 ? forwardsTo.join(",") : NOTHING;
  return { [ADDITIONAL_ENV]: JSON.stringify([...kept, { name: GATEWAY_SUFFIXES, value }]) };
}
