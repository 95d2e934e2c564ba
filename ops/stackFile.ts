import { parse } from "yaml";
import { fleetConfig } from "../fleet/config/fleetConfig";
import { isMap, map, structured } from "../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../fleet/config/parse";
import { readText } from "./live/outputs";

const PREFIX = "linkerd-fleet:";

/** Judges a `Pulumi.<stack>.yaml` as the program will. Encrypted values stay encrypted. */
export function readStackFile(path: string): Parsed {
  const values = ownValues(map(map(parse(readText(path))).config));
  const isEncrypted = (value: unknown) => isMap(value) && Object.keys(value).join() === "secure";
  const secretKeys = Object.keys(values).filter((key) => isEncrypted(values[key]));
  return parseFleetConfig({ values, secretKeys: new Set(secretKeys) });
}

/** The same of the configuration that a preview names, in which secrets are blinded. */
export function readPreviewConfig(config: Readonly<Record<string, string>>): Parsed {
  const own = Object.entries(ownValues(config)).map(([key, text]): [string, unknown] => [
    key,
    structured(text),
  ]);
  const secretKeys = own.map(([key]) => key).filter((key) => !Object.hasOwn(fleetConfig.shape, key));
  return parseFleetConfig({ values: Object.fromEntries(own), secretKeys: new Set(secretKeys) });
}

function ownValues<T>(config: Readonly<Record<string, T>>): Record<string, T> {
  const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), value]));
}
