import { z } from "zod";
import { toHundredths } from "./figure";
import type { Of } from "./result";

/** What takes less is not told. */
export const LEAST_SECONDS = 0.25;

const line = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              name: z.string(),
              startTimeUnixNano: z.coerce.number(),
              endTimeUnixNano: z.coerce.number(),
              attributes: z.array(z.unknown()).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A call in a trace, in seconds from its start. */
interface Call {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Of the resource it is about, if any. */
  readonly urn: string;
}

/** All calls of an OpenTelemetry file of the engine (`--otel-traces`), which has an object in each line. */
export function callsOf(file: string): Call[] {
  const spans = file
    .trim()
    .split("\n")
    .flatMap((text) => line.parse(JSON.parse(text)).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    // Calls without a start are in it, too.
    .filter(({ startTimeUnixNano }) => startTimeUnixNano > 1e18);
  const start = Math.min(...spans.map(({ startTimeUnixNano }) => startTimeUnixNano));
  const seconds = (at: number) => (at - start) / 1e9;
  return spans.map(({ name, startTimeUnixNano, endTimeUnixNano, attributes }) => ({
    name,
    from: seconds(startTimeUnixNano),
    to: seconds(endTimeUnixNano),
    urn: /urn:pulumi:[^"\\ ]+/.exec(JSON.stringify(attributes))?.[0] ?? "",
  }));
}

type Step = Of<"trace">["steps"][number];

/** The long steps of a run, one after the other; those of resources by their name without their cluster's. */
export function stepsOf(calls: readonly Call[], clusters: readonly string[]): Step[] {
  const of = (name: string) => calls.filter((call) => call.name === name);
  const first = (some: readonly Call[]) => Math.min(...some.map(({ from }) => from));
  const last = (some: readonly Call[]) => Math.max(...some.map(({ to }) => to));
  const registrations = of("pulumirpc.ResourceMonitor/RegisterResource");
  const configured = of("/pulumirpc.ResourceProvider/Configure");
  const program = first(of("pulumirpc.LanguageRuntime/Run"));
  const plans = first(of("pulumirpc.Engine/RequirePulumiVersion"));
  const step = (what: string, from: number, to: number): Step[] =>
    Number.isFinite(from) && Number.isFinite(to) && to - from >= LEAST_SECONDS
      ? [{ what, from: toHundredths(from), to: toHundredths(to) }]
      : [];
  const named = (urn: string) => {
    const name = urn.split("::").at(-1) ?? "";
    const cluster = clusters.find((one) => name.startsWith(`${one}-`));
    return { name: cluster === undefined ? name : name.slice(cluster.length + 1), cluster };
  };
  const objects = ["Create", "Update", "Delete"].flatMap((verb) =>
    of(`/pulumirpc.ResourceProvider/${verb}`).flatMap(({ from, to, urn }) => {
      const { name, cluster } = named(urn);
      const what = `${verb.toLowerCase()} ${name}${cluster === undefined ? "" : ` in ${cluster}`}`;
      return step(what, from, to);
    }),
  );
  const byStart = (one: Step, other: Step) => one.from - other.from;
  return [
    ...step("the program starts", program, plans),
    ...step(
      "the program plans, and asks the clusters",
      plans,
      first(registrations.filter(({ from }) => from > plans)),
    ),
    ...step("Kubernetes plugins read the schemas of the API servers", first(configured), last(configured)),
    ...objects.sort(byStart),
    ...step("the whole run", 0, last(calls)),
  ];
}
