import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Problem } from "../fleet/config/problems";
import { localChartProblem, localCharts } from "../fleet/linkerd/localCharts";
import type { Plan } from "../fleet/plan";

/** The charts of folders and archives that are of another version than their clusters want. `project`: its folder. */
export function localChartProblems({ clusters }: Plan, project: string): Problem[] {
  return localCharts(clusters).flatMap(
    (chart) => localChartProblem(chart, readIfThere(resolve(project, chart.chart, "Chart.yaml"))) ?? [],
  );
}

/** A folder that is not there is none of our business: Helm names it. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
