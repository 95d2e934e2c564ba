import { basename, dirname, resolve } from "node:path";
import { parse } from "yaml";
import { fleetConfig } from "../fleet/config/fleetConfig";
import { FLEET_FILE, gatherSections, ownValues } from "../fleet/config/fleetFile";
import { isMap, map, structured } from "../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../fleet/config/parse";
import { readText } from "./outputs";

/** The stack of a stack file, if its name says it. */
export function stackOf(path: string): string | undefined {
  return /^Pulumi\.(.+)\.yaml$/.exec(basename(path))?.[1];
}

/** Judges a `Pulumi.<stack>.yaml` as the program will. Encrypted values stay encrypted. */
export function readStackFile(path: string): Parsed {
  const values = ownValues(map(map(parse(readText(path))).config));
  const isEncrypted = (value: unknown) => isMap(value) && Object.keys(value).join() === "secure";
  const secretKeys = Object.keys(values).filter((key) => isEncrypted(values[key]));
  const stack = stackOf(path);
  return parseFleetConfig({
    ...gatherSections(values, (file) => readText(resolve(dirname(path), file))),
    secretKeys: new Set(secretKeys),
    ...(stack === undefined ? {} : { stack }),
  });
}

/** The same of the configuration that a preview names, in which secrets are blinded. */
export function readPreviewConfig(config: Readonly<Record<string, string>>): Parsed {
  const own = Object.entries(ownValues(config)).map(([key, text]): [string, unknown] => [
    key,
    // No text, so that nobody takes what stands for a key for the key.
    text === "[secret]" ? {} : structured(text),
  ]);
  const secretKeys = own
    .map(([key]) => key)
    .filter((key) => key !== FLEET_FILE && !Object.hasOwn(fleetConfig.shape, key));
  return parseFleetConfig({
    ...gatherSections(Object.fromEntries(own), readText),
    secretKeys: new Set(secretKeys),
  });
}
