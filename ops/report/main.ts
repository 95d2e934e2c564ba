import { readText } from "../../live/outputs";
import type { Ending } from "../endings";
import { describe, isRisky } from "./describe";
import { report } from "./markdown";
import { readPreview } from "./preview";

export interface ReportOptions {
  /** What `pulumi preview --json` printed; `-` is standard input. */
  readonly file: string;
  readonly stack: string;
  readonly "fail-on"?: "risky" | undefined;
  readonly json: boolean;
}

export async function run({ file, stack, json, "fail-on": failOn }: ReportOptions): Promise<Ending> {
  const preview = readPreview(readText(file));
  const sections = describe(preview);
  const risky = isRisky(sections);
  if (json) console.log(JSON.stringify({ stack, risky, sections }));
  else process.stdout.write(report(preview, stack));
  return failOn === "risky" && risky ? "attention" : "well";
}
