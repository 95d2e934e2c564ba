import { z } from "zod";
import { closest } from "./closest";
import { FIX } from "./common";
import { type Problem, pathOf } from "./problems";

type RawIssue = z.core.$ZodRawIssue;
type Told = readonly [problem: string, fix: string];

/**
 * Problem and fix for everything that zod finds by itself: types, bounds, choices, keys. A message never repeats the
 * value, which may be a secret in the wrong place. The path says where the value is.
 */
export function explain(issue: RawIssue): string {
  // One issue stands for all unknown keys of a map. `problemsOf` tells them one by one, and needs the known ones.
  if (issue.code === "unrecognized_keys") return knownKeys(issue.inst).join(FIX);
  return tell(issue).join(FIX);
}

/** The problems of what was read at `base`. */
export function problemsOf(
  parsed: { readonly error?: z.core.$ZodError | undefined },
  base: readonly PropertyKey[] = [],
): Problem[] {
  return (parsed.error?.issues ?? []).flatMap((issue) => told(issue, base));
}

function told(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === "invalid_union") {
    // The form that was meant: the only one whose type it has.
    const [meant, ...others] = issue.errors.filter(
      (form) => !form.some((inner) => inner.path.length === 0 && /^invalid_(type|value)$/.test(inner.code)),
    );
    if (meant && others.length === 0) return meant.flatMap((inner) => told(inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], issue.message.split(FIX)));
  }
  // The key of a record is judged by a schema of its own.
  const message = issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message;
  const [problem = "", fix = ""] = (message ?? "").split(FIX);
  return [{ path: pathOf(path), problem, fix }];
}

/** A key that means nothing where it stands, with the one that may have been meant. */
export function unknownKey(path: readonly PropertyKey[], known: readonly string[]): Problem {
  const meant = closest(String(path.at(-1)), known);
  const others = known.filter((one) => one !== "").join(", ");
  const fix = meant ? `did you mean ${meant}?` : `remove it${others && `; possible here: ${others}`}`;
  return { path: pathOf(path), problem: "is not a setting", fix };
}

function tell(issue: RawIssue): Told {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.input, [issue.expected], issue.inst);
    case "invalid_value":
      return notOneOf(issue.values, issue.input, issue.inst);
    case "invalid_union":
      return fitsNone(issue);
    case "too_small":
      return tooSmall(issue.origin, Number(issue.minimum));
    case "too_big":
      return tooBig(issue.origin, Number(issue.maximum));
    default:
      return ["is not valid", "see docs/configuration.md"];
  }
}

function fitsNone(issue: RawIssue & { readonly code: "invalid_union" }): Told {
  const { discriminator, options } = issue;
  if (typeof discriminator === "string" && Array.isArray(options)) {
    return notOneOf(options, Object(issue.input)[discriminator], issue.inst);
  }
  const expected = issue.errors.flat().flatMap((inner) => ("expected" in inner ? [inner.expected] : []));
  return wrongType(issue.input, expected, issue.inst);
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a map of settings",
  record: "a map of settings",
};

function wrongType(input: unknown, expected: readonly string[], schema: unknown): Told {
  if (input === undefined) return missing(schema);
  const wanted = expected.map((type) => KINDS[type] ?? type).join(" or ");
  const found = input === null ? "empty" : Array.isArray(input) ? "a list" : (KINDS[typeof input] ?? "odd");
  if (expected.includes("int") && typeof input === "number") return ["is not a whole number", "round it"];
  if (expected.includes("string") && (typeof input === "number" || typeof input === "boolean")) {
    return [`is ${found}, not text`, quoted(input, schema)];
  }
  if (typeof input === "string" && /^(number|int|boolean)$/.test(expected.join())) {
    return [`is text, not ${wanted}`, `write ${wanted}, without quotes`];
  }
  if (typeof input === "string" && /^\s*[\w-]+:\S/.test(input) && /^(object|record)$/.test(expected.join())) {
    return [`is text, not ${wanted}`, "put a space behind the colon"];
  }
  return [`is ${found}, not ${wanted}`, `write ${wanted}${meaning(schema)}`];
}

/** In quotes it would be text, but perhaps not what is wanted here: `2026.8` is no version either. */
function quoted(input: number | boolean, schema: unknown): string {
  const read = schema instanceof z.ZodType ? schema.safeParse(String(input)) : undefined;
  const [, fix] = read?.error?.issues[0]?.message.split(FIX) ?? [];
  return fix === undefined ? "put it in quotes" : `${fix}, in quotes`;
}

function missing(schema: unknown): Told {
  return ["is missing", `add it${meaning(schema)}`];
}

function notOneOf(choices: readonly unknown[], input: unknown, schema: unknown): Told {
  if (input === undefined) return missing(schema);
  const names = choices.map(String);
  const meant = closest(String(input), names);
  return [`is not one of ${names.join(", ")}`, meant ? `did you mean ${meant}?` : "write one of them"];
}

function tooSmall(of: string, minimum: number): Told {
  if (of === "string" || (of === "array" && minimum === 1))
    return ["is empty", "fill it in, or leave the setting out"];
  if (of === "array") return [`has fewer than ${minimum} entries`, `write ${minimum}`];
  return [`is less than ${minimum}`, `write ${minimum} or more`];
}

function tooBig(of: string, maximum: number): Told {
  if (of === "string") return [`is longer than ${maximum} characters`, "shorten it"];
  if (of === "array") return [`has more than ${maximum} entries`, `write ${maximum}`];
  return [`is more than ${maximum}`, `write ${maximum} or less`];
}

function meaning(schema: unknown): string {
  const description = schema instanceof z.ZodType ? z.globalRegistry.get(schema)?.description : undefined;
  return description ? `: ${description}` : "";
}

function knownKeys(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
