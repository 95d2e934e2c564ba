import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { formatProblems } from "../../fleet/config/problems";
import { planFleet } from "../../fleet/plan";
import { readOutputs, readText, Unreadable } from "../../live/outputs";
import { readStackFile } from "../../live/stackFile";
import type { Ending } from "../endings";
import { readPreview } from "../report/preview";
import { html } from "./html";
import { mermaid } from "./mermaid";
import { draw, type Picture } from "./picture";
import { svg } from "./svg";
import { viewOfPlan } from "./view";

export interface GraphOptions {
  /** A stack file. */
  readonly file?: string | undefined;
  readonly out?: string | undefined;
  readonly stack?: string | undefined;
  readonly outputs?: string | undefined;
  readonly diff?: string | undefined;
  readonly json: boolean;
}

export async function run({ file, out, stack, outputs, diff, json }: GraphOptions): Promise<Ending> {
  if ([stack, outputs, diff, file].filter((it) => it !== undefined).length > 1) {
    throw new Unreadable("One fleet at a time: a stack file, --stack, --outputs or --diff.");
  }
  const write = WRITERS[json ? ".json" : out === undefined ? ".mmd" : extname(out)];
  if (write === undefined) throw new Unreadable(`${out} is none of .svg, .html and .mmd.`);
  const picture =
    diff !== undefined
      ? changeOf(diff)
      : file !== undefined
        ? planOf(file)
        : draw(await readOutputs({ stack, file: outputs }));
  const drawn = write(picture);
  if (out === undefined) process.stdout.write(drawn);
  else writeFileSync(out, drawn);
  return "well";
}

const WRITERS: Readonly<Record<string, (picture: Picture) => string>> = {
  ".mmd": mermaid,
  ".svg": svg,
  ".html": html,
  ".json": (picture) => `${JSON.stringify(picture)}\n`,
};

/** The output of `pulumi preview --json`. */
function changeOf(file: string): Picture {
  const { before, after } = readPreview(readText(file));
  if (before === undefined || after === undefined) {
    throw new Unreadable(
      `${file} does not describe the fleet: preview with the stack file and this version of the program.`,
    );
  }
  return draw(after, before);
}

function planOf(stackFile: string): Picture {
  const { config, problems } = readStackFile(stackFile);
  if (problems) throw new Unreadable(`${stackFile}: ${formatProblems(problems)}`);
  return draw(viewOfPlan(planFleet(config)));
}
