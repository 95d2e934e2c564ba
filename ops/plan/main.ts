import { formatProblems } from "../../fleet/config/problems";
import { readStackFile, stackOf } from "../../live/stackFile";
import type { Ending } from "../endings";
import { planned } from "./planned";
import { tables } from "./tables";

export interface PlanOptions {
  /** The stack file. */
  readonly file: string;
  readonly json: boolean;
}

export async function run({ file, json }: PlanOptions): Promise<Ending> {
  const { config, problems } = readStackFile(file);
  if (problems) {
    console.error(`${file}: ${formatProblems(problems)}`);
    return "attention";
  }
  const fleet = planned(config, stackOf(file));
  if (json) console.log(JSON.stringify(fleet));
  else console.log(tables(fleet));
  return "well";
}
