/**
 * `npm run graph -- [--out FILE] [STACK FILE | --stack NAME | --outputs FILE | --diff FILE]`: draws the fleet that is
 * deployed, that a stack file describes, or that a preview changes. The end of `FILE` says how: `.svg`, `.html` or
 * `.mmd`; without it Mermaid is printed.
 */
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { formatProblems } from "../../fleet/config/problems";
import { planFleet } from "../../fleet/plan";
import { readOutputs, readText, Unreadable } from "../../live/outputs";
import { runProgram } from "../../live/program";
import { readStackFile } from "../../live/stackFile";
import { readPreview } from "../report/preview";
import { html } from "./html";
import { mermaid } from "./mermaid";
import { draw, type Picture } from "./picture";
import { svg } from "./svg";
import { viewOfPlan } from "./view";

const USAGE =
  "npm run graph -- [--out FILE.svg|FILE.html|FILE.mmd] [STACK FILE | --stack NAME | --outputs FILE | --diff FILE]";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      stack: { type: "string" },
      outputs: { type: "string" },
      diff: { type: "string" },
    },
  });
  const { out, stack, outputs, diff } = values;
  const [stackFile, ...more] = positionals;
  if (more.length > 0 || [stack, outputs, diff, stackFile].filter((it) => it !== undefined).length > 1) {
    throw new Unreadable(`One fleet at a time.\n${USAGE}`);
  }
  const write = WRITERS[out === undefined ? ".mmd" : extname(out)];
  if (write === undefined) throw new Unreadable(`${out} is none of .svg, .html and .mmd.\n${USAGE}`);
  const picture =
    diff !== undefined
      ? changeOf(diff)
      : stackFile !== undefined
        ? planOf(stackFile)
        : draw(await readOutputs({ stack, file: outputs }));
  const drawn = write(picture);
  if (out === undefined) process.stdout.write(drawn);
  else writeFileSync(out, drawn);
  return 0;
}

const WRITERS: Readonly<Record<string, (picture: Picture) => string>> = {
  ".mmd": mermaid,
  ".svg": svg,
  ".html": html,
};

/** The output of `pulumi preview --json`. */
function changeOf(file: string): Picture {
  const { before, after } = readPreview(readText(file));
  if (before === undefined || after === undefined) {
    throw new Unreadable(
      `${file} does not tell the fleet: preview with the stack file and this version of the program.`,
    );
  }
  return draw(after, before);
}

function planOf(stackFile: string): Picture {
  const { config, problems } = readStackFile(stackFile);
  if (problems) throw new Unreadable(`${stackFile}: ${formatProblems(problems)}`);
  return draw(viewOfPlan(planFleet(config)));
}

runProgram(main, 2);
