import type { z } from "zod";
import { isMap } from "./json";

/**
 * Reads what is sound of a value: what the schema refuses is taken out, as if it were not written, until the rest
 * can be read. `standIns` fill required settings, so that one bad one does not make the whole value unreadable.
 */
export function readSound<T>(
  schema: z.ZodType<T>,
  value: unknown,
  standIns: Readonly<Record<string, unknown>> = {},
): T | undefined {
  const candidate = structuredClone(value);
  for (;;) {
    const parsed = schema.safeParse(candidate);
    if (parsed.success) return parsed.data;
    // One at a time: what the next issue is about may be gone with it.
    const issue = parsed.error.issues[0];
    if (!issue) return undefined;
    const path = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
    if (!takeOut(candidate, path, standIns)) return undefined;
  }
}

/** Takes out what stands at `path`, or what misses it. `false` if that is the whole value. */
function takeOut(
  whole: unknown,
  path: readonly PropertyKey[],
  standIns: Readonly<Record<string, unknown>>,
): boolean {
  const key = path.at(-1);
  if (key === undefined) return false;
  const holder = path
    .slice(0, -1)
    .reduce((value, step) => (isMap(value) ? value[String(step)] : undefined), whole);
  // The rest of a list would have other positions than in the file.
  if (!isMap(holder)) return takeOut(whole, path.slice(0, -1), standIns);
  const name = String(key);
  const missing = !Object.hasOwn(holder, name);
  if (path.length === 1 && Object.hasOwn(standIns, name) && holder[name] !== standIns[name]) {
    Object.assign(holder, { [name]: standIns[name] });
    return true;
  }
  if (missing) return takeOut(whole, path.slice(0, -1), standIns);
  return Reflect.deleteProperty(holder, name);
}
