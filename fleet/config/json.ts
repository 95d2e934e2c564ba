/** A value as a map; an empty one if it is none, which the schema tells. */
export function map(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}

/** A value as a list; an empty one if it is none, which the schema tells. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A value of the engine's configuration: structured ones are handed out as JSON, plain strings as they are. */
export function structured(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A stored text, also one that is JSON and was read as such; `undefined` where it is not there, encrypted or blinded.
 */
export function storedText(value: unknown): string | undefined {
  if (typeof value === "string" || value === undefined) return value;
  if (isMap(value) && Object.keys(value).every((key) => key === "secure")) return undefined;
  return JSON.stringify(value);
}
