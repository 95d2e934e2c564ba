/**
 * `npm run policy -- [--profile policy/profiles/prod.json] STATE.json`: judges what `pulumi stack export` wrote, with
 * no engine and no cluster. Exit code 1 where a mandatory rule fired, 2 for a file that cannot be read.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runProgram } from "../live/program";
import { analyze } from "./analyze";
import { profile } from "./profile";
import { readState } from "./state";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { profile: { type: "string" } },
  });
  const [file] = positionals;
  if (file === undefined) throw new Error("Name the file that `pulumi stack export` wrote.");
  const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
  const said = profile.parse(values.profile === undefined ? {} : json(values.profile));
  const verdicts = await analyze(readState(json(file)), said);
  for (const { level, rule, urn, message } of verdicts) {
    console.log(`[${level}] ${rule}  ${urn.split("::").at(-1)}\n  ${message.replaceAll("\n", "\n  ")}`);
  }
  return verdicts.some(({ level }) => level === "mandatory") ? 1 : 0;
}

runProgram(main, 2);
