import type { Severity } from "@pulumi/policy";
import { z } from "zod";
import type { JudgedFleet } from "./fleet";
import type { Resource } from "./resource";

interface Described<Settings> {
  /** Its name in profiles and messages. */
  readonly name: string;
  /** What holds where it is kept. */
  readonly description: string;
  readonly severity: Severity;
  /** What to do about a violation. */
  readonly remediation: string;
  /** Where a profile says nothing else. Default: mandatory. */
  readonly level?: "advisory";
  /** What a profile may set beside the level; each has a default. */
  readonly settings: z.ZodType<Settings>;
}

/** Judges one resource at a time, before it is created or changed. Yields what is wrong with it. */
export interface ResourceRule<Settings = unknown> extends Described<Settings> {
  readonly types: RegExp;
  judge(resource: Resource, settings: Settings): Iterable<string>;
}

/** Judges what no single resource shows, when all of them are known, from their outputs. */
export interface FleetRule<Settings = unknown> extends Described<Settings> {
  judge(fleet: JudgedFleet, settings: Settings): Iterable<Breach>;
}

export interface Breach {
  readonly problem: string;
  /** The resource to blame. Default: the stack. */
  readonly of?: Resource;
}

export type Rule = ResourceRule | FleetRule;

/** For rules without settings. */
export const NONE = z.strictObject({});
