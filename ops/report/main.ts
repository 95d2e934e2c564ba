/**
 * `npm run report -- [--stack NAME] [--fail-on risky] [FILE]`: reads `pulumi preview --json` from a file or from
 * standard input and prints it in the fleet's words. Exit code 2 for an unreadable preview, 3 for a risky one.
 */
import { parseArgs } from "node:util";
import { readText, Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { describe, isRisky } from "./describe";
import { report } from "./markdown";
import { readPreview } from "./preview";

const USAGE = "npm run report -- [--stack NAME] [--fail-on risky] [FILE]";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: "string", default: "stack" }, "fail-on": { type: "string" } },
  });
  const failOn = values["fail-on"];
  if (failOn !== undefined && failOn !== "risky") {
    throw new Unreadable(`--fail-on knows only "risky".\n${USAGE}`);
  }
  const [file = "-"] = positionals;
  const preview = readPreview(readText(file));
  process.stdout.write(report(preview, values.stack));
  return failOn === "risky" && isRisky(describe(preview)) ? 3 : 0;
}

runProgram(main, 2);
