import { ENGINE_DATE } from "./engineYaml";
import { isMap } from "./json";
import { type Problem, pathOf } from "./problems";
import type { RawConfig } from "./readable";

/** Dates that the engine made of text without quotes, as values and as keys. No other value looks like one. */
export function unquotedDates({ values }: RawConfig): Problem[] {
  const problems: Problem[] = [];
  const look = (value: unknown, path: readonly PropertyKey[]): void => {
    const date = typeof value === "string" ? ENGINE_DATE.exec(value)?.[1] : undefined;
    if (date !== undefined) {
      problems.push({
        path: pathOf(path),
        problem: "is a date to the engine, not text",
        fix: `put it in quotes: "${date}"`,
      });
    } else if (Array.isArray(value)) {
      value.forEach((item, at) => {
        look(item, [...path, at]);
      });
    } else if (isMap(value)) {
      for (const [key, item] of Object.entries(value)) {
        look(key, [...path, key]);
        look(item, [...path, key]);
      }
    }
  };
  for (const [section, value] of Object.entries(values)) look(value, [section]);
  return problems;
}
