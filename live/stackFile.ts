import { basename, dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { ENGINE_YAML } from "../fleet/config/engineYaml";
import { fleetConfig } from "../fleet/config/fleetConfig";
import { FLEET_FILE, gatherSections, ownValues } from "../fleet/config/fleetFile";
import { isMap, map, structured } from "../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../fleet/config/parse";
import type { Problem } from "../fleet/config/problems";
import { readText } from "./outputs";

/** The stack of a stack file, if its name says it. */
export function stackOf(path: string): string | undefined {
  return /^Pulumi\.(.+)\.yaml$/.exec(basename(path))?.[1];
}

/** Judges a `Pulumi.<stack>.yaml` as the program will. Encrypted values stay encrypted. Throws `Unreadable`. */
export function readStackFile(path: string): Parsed {
  const { content, problems } = parseYaml(readText(path));
  if (problems.length > 0) return { problems };
  const values = ownValues(map(map(content).config));
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

/** YAML, or the places where it is none. The parser's own messages quote the text around, which may be a secret. */
function parseYaml(text: string): { readonly content: unknown; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...ENGINE_YAML, prettyErrors: false, lineCounter: lines });
  const problems = document.errors.map(({ code, pos: [at] }): Problem => {
    const { line, col } = lines.linePos(at);
    const problem = `is not YAML there (${code.toLowerCase().replaceAll("_", " ")})`;
    return {
      path: `line ${line}, column ${col}`,
      problem,
      fix: "mend the indentation, quotes or brackets there",
    };
  });
  if (problems.length > 0) return { content: undefined, problems };
  try {
    return { content: document.toJS(), problems };
  } catch {
    const problem = "an alias (`*name`) refers to no anchor (`&name`) above it";
    return {
      content: undefined,
      problems: [{ path: "the YAML", problem, fix: "add the anchor, or quote the star" }],
    };
  }
}
