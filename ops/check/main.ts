import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { formatProblems, type Problem } from "../../fleet/config/problems";
import { type Plan, planFleet } from "../../fleet/plan";
import { gatewayApiProblems } from "../../live/gatewayApi";
import { localChartProblems } from "../../live/localCharts";
import { Unreadable } from "../../live/outputs";
import { readStackFile, stackOf } from "../../live/stackFile";
import type { Ending } from "../endings";

/** What `fleet check` found in one file. */
export interface Checked {
  readonly file: string;
  readonly problems: readonly Problem[];
}

export interface CheckOptions {
  readonly file: readonly string[];
  readonly stack?: string | undefined;
  readonly json: boolean;
}

export async function run({ file, stack, json }: CheckOptions): Promise<Ending> {
  const files = file.length > 0 ? file : stackFiles(stack ?? process.env.PULUMI_STACK);
  const checked: Checked[] = [];
  const unreadable: string[] = [];
  for (const file of new Set(files)) {
    try {
      const { config, problems = [] } = readStackFile(file);
      checked.push({ file, problems: config ? filesOf(planFleet(config), dirname(file)) : problems });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unreadable.push(error.message);
    }
  }
  if (json) console.log(JSON.stringify(checked));
  else for (const one of checked) console.log(told(one));
  for (const message of unreadable) console.error(message);
  if (unreadable.length > 0) return "notBegun";
  return checked.some(({ problems }) => problems.length > 0) ? "attention" : "well";
}

function filesOf(plan: Plan, project: string): Problem[] {
  return [...localChartProblems(plan, project), ...gatewayApiProblems(plan, project)];
}

function told({ file, problems }: Checked): string {
  if (problems.length === 0) return `${file}: no problems`;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return formatProblems(problems, `${file} has ${count}`);
}

/** Stacks may be named with organisation and project; their files are not. */
function stackFiles(stack: string | undefined): string[] {
  if (stack !== undefined) return [`Pulumi.${stack.split("/").at(-1)}.yaml`];
  const files = readdirSync(".").filter((file) => stackOf(file) !== undefined);
  if (files.length === 0)
    throw new Unreadable("There is no Pulumi.<stack>.yaml in this folder: name the stack file.");
  return files.sort();
}
