import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { fleetConfig } from "../fleet/config/fleetConfig";
import { FLEET_FILE, gatherSections, ownValues } from "../fleet/config/fleetFile";
import { isMap, map, structured } from "../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../fleet/config/parse";
import type { Problem } from "../fleet/config/problems";
import { readYaml } from "../fleet/config/readYaml";
import { readText } from "./outputs";

/** The stack of a stack file, if its name says it. */
export function stackOf(path: string): string | undefined {
  return /^Pulumi\.(.+)\.yaml$/.exec(basename(path))?.[1];
}

/** Judges a `Pulumi.<stack>.yaml` as the program will. Encrypted values stay encrypted. Throws `Unreadable`. */
export function readStackFile(path: string): Parsed {
  const { content, problems } = readYaml(readText(path));
  if (problems.length > 0) return { problems };
  const { config } = map(content);
  const values = ownValues(map(config));
  if (Object.keys(values).length === 0) return { problems: [noSections(map(config))] };
  const isEncrypted = (value: unknown) => isMap(value) && Object.keys(value).join() === "secure";
  const secretKeys = Object.keys(values).filter((key) => isEncrypted(values[key]));
  const stack = stackOf(path);
  return parseFleetConfig({
    ...gatherSections(values, (file) => readFileSync(resolve(dirname(path), file))),
    secretKeys: new Set(secretKeys),
    ...(stack === undefined ? {} : { stack }),
  });
}

/** One message for a file of another program, or of none. */
function noSections(config: Readonly<Record<string, unknown>>): Problem {
  const sections = Object.keys(fleetConfig.shape);
  const other = Object.keys(config).find((key) => sections.includes(key.split(":").at(-1) ?? ""));
  return {
    path: "config",
    problem: "has no key of this program",
    fix: other
      ? `write linkerd-fleet:${other.split(":").at(-1)} for ${other}, and so on`
      : "write each section as `linkerd-fleet:<section>` below `config`, for example linkerd-fleet:clusters",
  };
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
    ...gatherSections(Object.fromEntries(own), (file) => readFileSync(file)),
    secretKeys: new Set(secretKeys),
  });
}
