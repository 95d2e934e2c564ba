import type { PolicyConfigSchema } from "@pulumi/policy";
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema";
import { z } from "zod";
import type { Rule } from "./rule";
import { FLEET_RULES, RESOURCE_RULES } from "./rules";

const level = z.enum(["mandatory", "advisory", "disabled"]);
export type Level = z.infer<typeof level>;

/** What a profile says of the rules of one policy: for each a level and its settings. */
function rulesOf(rules: readonly Rule[]) {
  const entry = z.looseObject({ level: level.optional() });
  return z.strictObject({
    enforcementLevel: level.optional(),
    rules: z.partialRecord(z.enum(rules.map(({ name }) => name)), entry).default({}),
  });
}

/** A file for `--policy-pack-config`. */
export const profile = z.strictObject({
  all: level.optional(),
  resources: rulesOf(RESOURCE_RULES).prefault({}),
  fleet: rulesOf(FLEET_RULES).prefault({}),
});
export type Profile = z.infer<typeof profile>;

/** A rule as a profile wants it. */
export interface Applied<R> {
  readonly rule: R;
  readonly settings: unknown;
  /** Absent: the level of the policy, which is mandatory unless the profile says otherwise. */
  readonly level?: Exclude<Level, "disabled">;
}

export function applyProfile<R extends Rule>(
  rules: readonly R[],
  said: Profile["fleet"]["rules"],
): Applied<R>[] {
  return rules.flatMap((rule) => {
    const { level = rule.level, ...settings } = said[rule.name] ?? {};
    if (level === "disabled") return [];
    return [{ rule, settings: rule.settings.parse(settings), ...(level === undefined ? {} : { level }) }];
  });
}

/** For the engine, which refuses an unknown rule, level or setting before anything is judged. */
export function profileSchema(rules: readonly Rule[]): PolicyConfigSchema {
  const properties = rules.map(({ name, description, settings }): [string, PolicyConfigJSONSchema] => [
    name,
    {
      type: "object",
      description,
      additionalProperties: false,
      properties: {
        level: { enum: level.options },
        ...objectSchema.parse(z.toJSONSchema(settings)).properties,
      },
    },
  ]);
  return {
    properties: {
      rules: { type: "object", additionalProperties: false, properties: Object.fromEntries(properties) },
    },
  };
}

const objectSchema = z.object({ properties: z.custom<Record<string, PolicyConfigJSONSchema>>() });
