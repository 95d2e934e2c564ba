import { parse } from "yaml";
import { z } from "zod";
import type { ClusterPlan } from "../clusters/plan";
import type { Problem } from "../config/problems";
import { CHART_KEYS } from "./charts";

/** A chart in a folder or a `.tgz`, and the version of it that clusters want. */
export interface LocalChart {
  readonly chart: string;
  readonly version: string;
  readonly clusters: readonly string[];
}

/** Each local chart of the fleet, once for each version that is wanted of it. */
export function localCharts(clusters: readonly ClusterPlan[]): LocalChart[] {
  const wanted = clusters.flatMap(({ name, install }) =>
    CHART_KEYS.flatMap((key) => {
      const { chart, version, repository } = install[key] ?? {};
      return chart === undefined || version === undefined || repository !== undefined || /^oci:/i.test(chart)
        ? []
        : [{ cluster: name, chart, version }];
    }),
  );
  return [...Map.groupBy(wanted, ({ chart, version }) => `${version} ${chart}`).values()].flatMap((group) =>
    group.slice(0, 1).map(({ chart, version }) => ({
      ...{ chart, version },
      clusters: group.map(({ cluster }) => cluster),
    })),
  );
}

const chartFile = z.object({ version: z.string() });

/**
 * Helm takes a local chart as it is, whatever version is asked for (`pkg/action/install.go`, `LocateChart`): new
 * charts in an old folder would upgrade every cluster at once. `content`: the `Chart.yaml` of a folder, if it can be
 * read.
 */
export function localChartProblem(
  { chart, version, clusters }: LocalChart,
  content: string | undefined,
): Problem | undefined {
  const found = chart.endsWith(".tgz") ? versionOfArchive(chart) : versionOfFolder(content);
  if (found === undefined || found.replace(/^v/, "") === version.replace(/^v/, "")) return undefined;
  return {
    path: "linkerd",
    problem: `names version ${version} for ${clusters.join(", ")}, and ${chart} holds ${found}`,
    fix:
      "give each version a folder of its own, and name it in `linkerd.source` or in the `linkerd.source` of a cluster; " +
      "or write the version that the charts have",
  };
}

/** As `helm package` and `helm pull` name archives: `linkerd-crds-2026.8.3.tgz`. */
function versionOfArchive(file: string): string | undefined {
  return /-(v?\d+\.\d+\.\d+[^/]*)\.tgz$/.exec(file)?.[1];
}

function versionOfFolder(content: string | undefined): string | undefined {
  if (content === undefined) return undefined;
  try {
    return chartFile.safeParse(parse(content)).data?.version;
  } catch {
    // Helm tells what is wrong with it.
    return undefined;
  }
}
