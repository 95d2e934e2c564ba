import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { OutputRef } from "../fleet/config/common";
import { decodeText } from "../fleet/config/decodeText";
import { NAMESPACE } from "../fleet/config/fleetFile";
import { isMap } from "../fleet/config/json";
import { pulumiProblem } from "../fleet/neededVersions";
import { fleetsIn } from "../fleet/outputs/find";
import { type FleetOutputs, outputsSchema, PLAN_SCHEMA } from "../fleet/outputs/schema";

/** What a person has to mend before anything can be read; its message says how. */
export class Unreadable extends Error {}

/** Where outputs come from: a stack (the selected one by default), or a file of `pulumi stack output --json`. */
export interface OutputsFrom {
  readonly stack?: string | undefined;
  readonly file?: string | undefined;
}

/** The last deployment's outputs. Secrets are not asked for. Throws `Unreadable`. */
export async function readOutputs({ stack, file }: OutputsFrom): Promise<FleetOutputs> {
  return parseOutputs(
    file === undefined ? await pulumi(["stack", "output", "--json"], stack) : readText(file),
  );
}

export function parseOutputs(json: string): FleetOutputs {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw new Unreadable("The outputs are not JSON: they must be what `pulumi stack output --json` prints.");
  }
  const fleets = isMap(found) ? fleetsIn(found) : new Map();
  if (fleets.size > 1) {
    throw new Unreadable(
      `The stack has several fleets (${[...fleets.keys()].join(", ")}): name one with ` +
        "`pulumi stack output --json <fleet> > outputs.json` and `--outputs outputs.json`.",
    );
  }
  const [outputs] = fleets.values();
  const known = z.object({ plan: z.object({ schema: z.number() }) }).safeParse(outputs);
  if (!known.success) {
    throw new Unreadable("The stack has no fleet yet (no output `plan`): run `pulumi up` first.");
  }
  const { schema } = known.data.plan;
  if (schema !== PLAN_SCHEMA) {
    throw new Unreadable(
      `The stack was deployed by another version of this program (its outputs have schema ${schema}, this ` +
        `version reads ${PLAN_SCHEMA}): check that version out, or run \`pulumi up\` with this one.`,
    );
  }
  const parsed = outputsSchema.safeParse(outputs);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new Unreadable(`The stack's outputs are not whole (${missing}): run \`pulumi up\` again.`);
}

/** Name of the selected stack, without project and organisation. */
export async function selectedStack(): Promise<string> {
  return (await pulumi(["stack", "--show-name"], undefined)).trim();
}

/** A secret value of the stack's configuration, or an output of another stack, for kubeconfigs. */
export function readStored(from: string | OutputRef, stack: string | undefined): Promise<string> {
  return typeof from === "string"
    ? pulumi(["config", "get", `${NAMESPACE}:${from}`], stack)
    : pulumi(["stack", "output", from.output, "--show-secrets"], from.stack);
}

/** A file, or standard input (`-`). */
export function readText(file: string): string {
  let content: Buffer;
  try {
    content = readFileSync(file === "-" ? 0 : file);
  } catch {
    throw new Unreadable(`${file} cannot be read.`);
  }
  const text = decodeText(content);
  if (text === undefined) throw new Unreadable(`${file} is no UTF-8 text: save it as UTF-8.`);
  return text;
}

/** What `pulumi …` prints, with `input` as its standard input. Throws `Unreadable` with its words. */
export function pulumi(args: readonly string[], stack: string | undefined, input = ""): Promise<string> {
  const all = [
    ...args,
    "--non-interactive",
    "--color=never",
    ...(stack === undefined ? [] : ["--stack", stack]),
  ];
  return new Promise((resolve, reject) => {
    const child = execFile("pulumi", all, { maxBuffer: 2 ** 28 }, async (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.code === "ENOENT") return reject(new Unreadable("The Pulumi CLI is not on PATH."));
      const old = pulumiProblem(await pulumiVersion());
      reject(new Unreadable(old ?? `pulumi ${args.join(" ")}: ${stderr.trim() || error.message}`));
    });
    child.stdin?.on("error", () => undefined).end(input);
  });
}

/** Of the CLI on PATH; empty where it does not say. */
function pulumiVersion(): Promise<string> {
  return new Promise((resolve) => execFile("pulumi", ["version"], (_, stdout) => resolve(stdout.trim())));
}
