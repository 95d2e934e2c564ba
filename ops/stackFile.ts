import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { isMap, map } from "../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../fleet/config/parse";

const PREFIX = "linkerd-fleet:";

/** Judges a `Pulumi.<stack>.yaml` as the program will. Encrypted values stay encrypted. */
export function readStackFile(path: string): Parsed {
  const config = map(map(parse(readFileSync(path, "utf8"))).config);
  const entries = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  const values = Object.fromEntries(entries.map(([key, value]) => [key.slice(PREFIX.length), value]));
  const secretKeys = Object.keys(values).filter((key) => {
    const value = values[key];
    return isMap(value) && Object.keys(value).join() === "secure";
  });
  return parseFleetConfig({ values, secretKeys: new Set(secretKeys) });
}
