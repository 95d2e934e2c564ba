import type { InferredOptionTypes, Options, PositionalOptions } from "yargs";
import type { Ending } from "./endings";

/** One verb of the command `fleet`. Its module is loaded only when it runs, so that no verb slows another down. */
export interface Verb {
  /** One word, or two: `verify`, `state remove-cluster`. */
  readonly name: string;
  /** One line for the list of verbs, without a full stop. */
  readonly summary: string;
  /** What it changes, for the help; `false` if it only reads. */
  readonly changes: false | string;
  /** How the help writes `positionals`: `[file..]`, `<cluster>`. */
  readonly takes?: string;
  readonly positionals?: Readonly<Record<string, PositionalOptions>>;
  readonly options: Readonly<Record<string, Options>>;
  /** Commands as a person types them after `npx`, and what each is for. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** What its exit codes mean, where they can mean more than the table says. */
  readonly endings?: Readonly<Partial<Record<Ending, string>>>;
  load(): Promise<{ run(given: unknown): Promise<Ending> }>;
}

type Described = Readonly<Record<string, Options>>;

/** A verb whose `run` takes what its options and positionals say. Options keep their names as typed: `fail-on`. */
export function verb<
  O extends Described,
  P extends Readonly<Record<string, PositionalOptions>> = Readonly<Record<never, never>>,
>(
  of: Omit<Verb, "options" | "positionals" | "load"> & {
    readonly options: O;
    readonly positionals?: P;
    readonly load: () => Promise<{
      readonly run: (given: InferredOptionTypes<O> & InferredOptionTypes<P>) => Promise<Ending>;
    }>;
  },
): Verb {
  return of;
}

/** Options that several verbs share. */
export const JSON_OPTION = {
  json: { type: "boolean", default: false, describe: "Print JSON, for programs" },
} as const;
export const STACK_OPTION = {
  stack: { type: "string", describe: "The stack; by default the selected one" },
} as const;
export const YES_OPTION = {
  yes: { type: "boolean", default: false, describe: "Do it without asking" },
} as const;
/** For verbs that compute who reaches what. The environment sets it for all of them where nothing injects proxies. */
export const INJECTED_OPTION = {
  "as-injected": {
    type: "boolean",
    default: process.env.LINKERD_FLEET_AS_INJECTED === "true",
    describe: "Treat pods that ask for a proxy and have none as if they had one: the lab has no mesh",
  },
} as const;
/** For verbs that read a live fleet (`openFleet`). */
export const FLEET_OPTIONS = {
  ...STACK_OPTION,
  config: { type: "string", describe: "The stack file; by default Pulumi.<stack>.yaml" },
  outputs: {
    type: "string",
    describe: "A saved `pulumi stack output --json`. The verb then needs no Pulumi CLI and no backend",
  },
} as const;
