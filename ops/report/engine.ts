import { z } from "zod";
import { Unreadable } from "../../live/outputs";

/** What the engine printed of a preview, in either of its two forms. */
export interface Printed {
  readonly config: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly op: string;
    readonly urn: string;
    readonly provider?: string | undefined;
    readonly before: z.infer<typeof state> | undefined;
    readonly after: z.infer<typeof state> | undefined;
    readonly changed: readonly string[];
  }[];
  readonly messages: readonly {
    readonly severity?: string | undefined;
    readonly message?: string | undefined;
  }[];
  /** Rules of policy packs that fired. Only the stream of events tells them. */
  readonly violations: readonly z.infer<typeof violation>[];
}

const state = z.object({
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.unknown().optional(),
});
const step = z.object({ op: z.string(), urn: z.string(), provider: z.string().optional() });
const names = z.array(z.string()).nullish();
const config = z.record(z.string(), z.string()).nullish();
const message = z.object({ severity: z.string().optional(), message: z.string().optional() });
const violation = z.object({ policyName: z.string(), enforcementLevel: z.string(), message: z.string() });

/** `pulumi preview --json`: one value. */
const digest = z.object({
  config,
  steps: z.array(step.extend({ oldState: state.optional(), newState: state.optional(), diffReasons: names })),
  diagnostics: z.array(message).nullish(),
});

/** The same with `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true`: an event a line. */
const event = z.object({
  preludeEvent: z.object({ config }).optional(),
  resourcePreEvent: z
    .object({ metadata: step.extend({ old: state.nullish(), new: state.nullish(), diffs: names }) })
    .optional(),
  diagnosticEvent: message.optional(),
  policyEvent: violation.optional(),
  cancelEvent: z.unknown().optional(),
});

const CUT_SHORT =
  "The preview is not whole JSON: it was cut short, or `pulumi preview --json` printed an error instead. " +
  "Run it again and look at what it prints on standard error.";

/** A cut-off or foreign text is an error, never an empty preview. */
export function readPrinted(text: string): Printed {
  const values = parseLines(text);
  const [first] = values;
  const whole = digest.safeParse(first);
  if (values.length === 1 && whole.success) return ofDigest(whole.data);
  const events = z.array(event).safeParse(values);
  if (!events.success || !events.data.some(({ preludeEvent }) => preludeEvent !== undefined)) {
    throw new Unreadable("This JSON is not the output of `pulumi preview --json`: it has no list of steps.");
  }
  // The engine's last word, whatever became of the preview.
  if (events.data.at(-1)?.cancelEvent === undefined) throw new Unreadable(CUT_SHORT);
  return ofEvents(events.data);
}

/** One value, or one a line. */
function parseLines(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line));
    } catch {
      throw new Unreadable(CUT_SHORT);
    }
  }
}

function ofDigest({ config, steps, diagnostics }: z.infer<typeof digest>): Printed {
  return {
    config: config ?? {},
    steps: steps.map(({ op, urn, provider, oldState, newState, diffReasons }) => ({
      op,
      urn,
      provider,
      before: oldState,
      after: newState,
      changed: diffReasons ?? [],
    })),
    messages: diagnostics ?? [],
    violations: [],
  };
}

function ofEvents(events: readonly z.infer<typeof event>[]): Printed {
  return {
    config: events.find(({ preludeEvent }) => preludeEvent !== undefined)?.preludeEvent?.config ?? {},
    steps: events.flatMap(({ resourcePreEvent }) => {
      if (resourcePreEvent === undefined) return [];
      const { op, urn, provider, old, new: after, diffs } = resourcePreEvent.metadata;
      return [
        { op, urn, provider, before: old ?? undefined, after: after ?? undefined, changed: diffs ?? [] },
      ];
    }),
    messages: events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []),
    violations: events.flatMap(({ policyEvent }) => policyEvent ?? []),
  };
}
