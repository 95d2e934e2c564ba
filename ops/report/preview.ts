import { isMap } from "../../fleet/config/json";
import { readOutput } from "../../fleet/outputs/schema";
import { planFleet } from "../../fleet/plan";
import { withoutAccrual } from "../../fleet/traffic/defaults";
import { readPreviewConfig } from "../../live/stackFile";
import { type View, viewOfOutputs, viewOfPlan } from "../graph/view";
import { readPrinted } from "./engine";

/** One step of `pulumi preview --json`, with no more of it than the report may show. */
export interface Step {
  readonly op: Operation;
  readonly type: string;
  /** The type of the component that it is a part of. */
  readonly parent: string | undefined;
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

export interface Violation {
  readonly rule: string;
  /** Whether the engine refuses the update for it. */
  readonly mandatory: boolean;
  readonly message: string;
}

/** A warning or an error, such as a refusal. */
export interface Message {
  readonly severity: "warning" | "error";
  readonly text: string;
}

/** What a preview says, read for the report. */
export interface Preview {
  readonly steps: readonly Step[];
  readonly messages: readonly Message[];
  /** Rules of policy packs that fired. */
  readonly violations: readonly Violation[];
  /**
   * Services that are older than the default of `failureAccrual` and would change with it, as `<namespace>/<name>`.
   */
  readonly withoutAccrual: readonly string[];
  /** The fleet before the change and after it; `undefined` where the preview does not tell it. */
  readonly before: View | undefined;
  readonly after: View | undefined;
}

/** Reads the output of `pulumi preview --json`. A cut-off or foreign file is an error, never an empty report. */
export function readPreview(text: string): Preview {
  const { config, steps, messages, violations } = readPrinted(text);
  const fleet = readPreviewConfig(config).config;
  const plan = fleet && planFleet(fleet);
  const stack = steps.find(({ urn }) => urn.split("::")[2] === "pulumi:pulumi:Stack");
  const outputs = stack?.before?.outputs ?? {};
  const services = isMap(outputs) ? (readOutput(outputs, "services") ?? []) : [];
  return {
    before: stack && viewOfOutputs(outputs),
    after: plan && viewOfPlan(plan),
    withoutAccrual: plan ? withoutAccrual(plan, services) : [],
    // The engine works on several at once: their order differs from preview to preview.
    steps: steps
      .flatMap(({ op, urn, provider, before, after, changed }) => {
        const operation = OPERATIONS[op];
        if (operation === undefined) return [];
        const [, , types = "", ...name] = urn.split("::");
        const [type = "", parent] = types.split("$").reverse();
        return [
          {
            op: operation,
            type,
            parent,
            name: name.join("::"),
            cluster: provider?.split("::").at(-2),
            before: before?.inputs ?? undefined,
            after: after?.inputs ?? undefined,
            changed,
          },
        ];
      })
      .sort((a, b) => (stepKey(a) < stepKey(b) ? -1 : 1)),
    messages: messages.flatMap(({ severity, message = "" }) =>
      severity === "warning" || severity === "error" ? [{ severity, text: plain(message) }] : [],
    ),
    violations: violations.map(({ policyName, enforcementLevel, message }) => ({
      rule: policyName,
      mandatory: enforcementLevel === "mandatory",
      message: plain(message),
    })),
  };
}

/** Without the engine's colours. */
function plain(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
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
