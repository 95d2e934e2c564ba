import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

const stateSchema = z.object({
  /** What each program in the cache was built from, and how long that took. */
  built: z
    .record(z.string(), z.object({ inputs: z.string(), go: z.string(), seconds: z.number() }))
    .default({}),
  /** Whether the official part at a URL could be had when last asked (milliseconds since 1970). */
  answers: z.record(z.string(), z.object({ at: z.number(), found: z.boolean() })).default({}),
});

/** What a cache folder remembers between runs. */
export type CacheState = z.infer<typeof stateSchema>;

/** Reads the memory of a cache folder; a missing or damaged one is an empty one, which costs time but no result. */
export function readState(cache: string): CacheState {
  try {
    return stateSchema.parse(JSON.parse(fs.readFileSync(stateFile(cache), "utf8")));
  } catch {
    return { built: {}, answers: {} };
  }
}

export function writeState(cache: string, state: CacheState): void {
  const file = stateFile(cache);
  fs.writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(state, null, 2)}\n`);
  fs.renameSync(`${file}.${process.pid}`, file);
}

function stateFile(cache: string): string {
  return path.join(cache, "toolchain.json");
}
