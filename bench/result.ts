import { z } from "zod";

/** In the order in which they run: the file of each, beside this one. */
export const BENCHES = [
  "plan",
  "evaluation",
  "access",
  "verify",
  "policy",
  "engine",
  "settings",
  "stacks",
  "thousand",
  "lab",
  "trace",
] as const;

const count = z.int();
const size = z.object({
  shape: z.enum(["mesh", "hub", "hub of hubs", "islands"]),
  clusters: count,
  links: count,
  resources: count,
});

/** One figure of its own. */
const figure = z.object({
  kind: z.literal("figure"),
  what: z.string(),
  value: z.number(),
  unit: z.enum(["ms", "s", "MB", "resources", "links", "services", "requests", "results", "KB"]),
  /** At most this. */
  target: z.number().exactOptional(),
});

/** The program alone, in a process of its own, against the SDK's mocks. */
const evaluation = size.extend({
  kind: z.literal("evaluation"),
  seconds: z.number(),
  /** Most that the process ever held. */
  memoryMB: z.number(),
});

/** One stack on the real engine, with a Kubernetes plugin that asks no API server. */
const engine = size.extend({
  kind: z.literal("engine"),
  /** First `up`, from an empty stack. */
  upSeconds: z.number(),
  /** The same with `PULUMI_SKIP_CHECKPOINTS`: the state is written once, at the end. */
  unsavedUpSeconds: z.number(),
  /** A preview that finds nothing to change; median of three. */
  previewSeconds: z.number(),
  /** Peaks of resident memory, over both: of the engine, of the program, and of all plugins together. */
  engineMB: z.number(),
  programMB: z.number(),
  pluginsMB: z.number(),
  /** Processes of plugins. */
  plugins: count,
  stateKB: z.number(),
});

/** A fleet of many stacks, from nothing until no link is pending, by `npx fleet rollout --up`. */
const stacks = size.extend({
  kind: z.literal("stacks"),
  stacks: count,
  parallel: count,
  /** Runs of `pulumi up` in both rounds. */
  runs: count,
  seconds: z.number(),
  /** Of all states together. */
  stateKB: z.number(),
  /** Peak of resident memory of the largest process. */
  largestMB: z.number(),
  /** What one more cluster takes: the runs of its stack and of that of the anchors, and what all states grow by. */
  oneMore: z.object({ seconds: z.number(), resources: count, stateKB: z.number() }),
});

/** One fleet on real API servers, ours and the documented way, one after the other in one run. */
const documented = size.extend({
  kind: z.literal("documented"),
  /** How long a pod takes to become ready. */
  podSeconds: z.number(),
  oursSeconds: z.number(),
  documentedSeconds: z.number(),
});

/** Where the time of one run goes, of the lab's three clusters. */
const trace = z.object({
  kind: z.literal("trace"),
  run: z.string(),
  /** In seconds from its start; several go on at a time. */
  steps: z.array(z.object({ what: z.string(), from: z.number(), to: z.number() })),
  /** Processor seconds by program, also of the API servers. */
  processor: z.array(z.object({ program: z.string(), seconds: z.number() })),
});

/** A first `up` of a hub whose clusters are in memory, with one setting of the backend. */
const setting = z.object({
  kind: z.literal("setting"),
  clusters: count,
  setting: z.string(),
  upSeconds: z.number(),
});

const line = z.discriminatedUnion("kind", [figure, evaluation, engine, stacks, documented, trace, setting]);

export type Line = z.infer<typeof line>;
export type Kind = Line["kind"];
export type Of<K extends Kind> = Extract<Line, { readonly kind: K }>;

/** What `npm run bench -- --write` keeps, and all that tables and plots are made of. */
const results = z.object({
  /**
   * By bench: the machine it ran on, its load in the minute before, the percentage of its processor time that other
   * machines of the same host took meanwhile, the day, and what the bench printed.
   */
  benches: z.record(
    z.string(),
    z.object({
      machine: z.string(),
      load: z.number(),
      stolen: z.number().exactOptional(),
      date: z.string(),
      lines: z.array(line),
    }),
  ),
});
export type Results = z.infer<typeof results>;

export const RESULTS = "docs/performance/results.json";

export function parseResults(text: string): Results {
  return results.parse(JSON.parse(text));
}

/** Of all benches. */
export function linesOf<K extends Kind>({ benches }: Results, kind: K): Of<K>[] {
  return Object.values(benches)
    .flatMap(({ lines }) => lines)
    .filter((found): found is Of<K> => found.kind === kind);
}

/** Prints what a bench found, for `run.ts` to read. */
export function tell(found: Line): void {
  console.log(JSON.stringify(line.parse(found)));
}

export function parseLine(text: string): Line {
  return line.parse(JSON.parse(text));
}
