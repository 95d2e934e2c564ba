import { z } from "zod";
import { planFleet } from "../../fleet/plan";
import { type View, viewOfOutputs, viewOfPlan } from "../graph/view";
import { Unreadable } from "../live/outputs";
import { readPreviewConfig } from "../stackFile";

/** One step of `pulumi preview --json`, with no more of it than the report may show. */
export interface Step {
  readonly op: Operation;
  readonly type: string;
  readonly name: string;
  /** Logical name of the provider: the cluster. */
  readonly cluster: string | undefined;
  /** Inputs before and after; `undefined` where there are none. */
  readonly before: Inputs | undefined;
  readonly after: Inputs | undefined;
  /** Top-level properties that differ. */
  readonly changed: readonly string[];
}

export type Operation = "create" | "update" | "replace" | "delete";
export type Inputs = Readonly<Record<string, unknown>>;

const state = z.object({
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.unknown().optional(),
});
const digest = z.object({
  config: z.record(z.string(), z.string()).nullish(),
  steps: z.array(
    z.object({
      op: z.string(),
      urn: z.string(),
      provider: z.string().optional(),
      oldState: state.optional(),
      newState: state.optional(),
      diffReasons: z.array(z.string()).nullish(),
    }),
  ),
  diagnostics: z
    .array(z.object({ severity: z.string().optional(), message: z.string().optional() }))
    .nullish(),
});

/** What a preview says, read for the report. */
export interface Preview {
  readonly steps: readonly Step[];
  /** Warnings and errors: refusals, policy violations. */
  readonly messages: readonly string[];
  /** The fleet before the change and after it; `undefined` where the preview does not tell it. */
  readonly before: View | undefined;
  readonly after: View | undefined;
}

/** Reads the output of `pulumi preview --json`. A cut-off or foreign file is an error, never an empty report. */
export function readPreview(text: string): Preview {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Unreadable(
      "The preview is not whole JSON: it was cut short, or `pulumi preview --json` printed an error instead. " +
        "Run it again and look at what it prints on standard error.",
    );
  }
  const parsed = digest.safeParse(json);
  if (!parsed.success) {
    throw new Unreadable("This JSON is not the output of `pulumi preview --json`: it has no list of steps.");
  }
  const fleet = readPreviewConfig(parsed.data.config ?? {}).config;
  const stack = parsed.data.steps.find(({ urn }) => urn.split("::")[2] === "pulumi:pulumi:Stack");
  return {
    before: stack && viewOfOutputs(stack.oldState?.outputs ?? {}),
    after: fleet && viewOfPlan(planFleet(fleet)),
    // The engine works on several at once: their order differs from preview to preview.
    steps: parsed.data.steps
      .flatMap(({ op, urn, provider, oldState, newState, diffReasons }) => {
        const operation = OPERATIONS[op];
        if (operation === undefined) return [];
        const [, , types = "", ...name] = urn.split("::");
        return [
          {
            op: operation,
            type: types.slice(types.lastIndexOf("$") + 1),
            name: name.join("::"),
            cluster: provider?.split("::").at(-2),
            before: oldState?.inputs,
            after: newState?.inputs,
            changed: diffReasons ?? [],
          },
        ];
      })
      .sort((a, b) => (stepKey(a) < stepKey(b) ? -1 : 1)),
    messages: (parsed.data.diagnostics ?? [])
      .filter(({ severity }) => severity === "warning" || severity === "error")
      .map(({ message = "" }) => message.replaceAll(/<\{%[^%]*%\}>/g, "").trim()),
  };
}

function stepKey({ name, type }: Step): string {
  return `${name} ${type}`;
}

/** A replacement has three steps; one is told. What is only read or kept changes nothing. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  import: "create",
};
