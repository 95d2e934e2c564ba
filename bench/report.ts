import { toHundredths, toTenths } from "./figure";
import { goals } from "./goals";
import { exponent, type Sample, shares } from "./growth";
import { plotSvg, type Series } from "./plot";
import { linesOf, type Of, type Results } from "./result";
import { timelineSvg } from "./timeline";

const BEGIN = "<!-- Written by `npm run bench -- --write`, from docs/performance/results.json. -->";
const END = "<!-- End of what the bench writes. -->";

/** The page with its tables made anew, and the plots, by their path. */
export function performanceDocuments(page: string, results: Results): Record<string, string> {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before)
    throw new Error("docs/performance.md has lost the marks of what the bench writes");
  const plots = plotsOf(results);
  return {
    "docs/performance.md": `${page.slice(0, before)}${BEGIN}\n\n${tables(results, Object.keys(plots))}\n\n${page.slice(after)}`,
    ...plots,
  };
}

function tables(results: Results, plots: readonly string[]): string {
  const engines = linesOf(results, "engine");
  const evaluations = linesOf(results, "evaluation");
  return [
    "### Targets",
    table(
      ["what", "figure", "target", ""],
      goals(results).map(({ what, figure, unit, target }) => [
        what,
        `${figure} ${unit}`.trim(),
        target === undefined ? "" : `${target} ${unit}`.trim(),
        target === undefined || figure <= target ? "" : "missed",
      ]),
    ),
    "### The program alone",
    table(
      [...SIZE, "time", "memory"],
      evaluations.map((run) => [...sizeOf(run), `${run.seconds} s`, `${run.memoryMB} MB`]),
    ),
    "### One stack on the engine, clusters in memory",
    table(
      [
        ...SIZE,
        "first `up`",
        "without checkpoints",
        "no-change preview",
        "engine",
        "program",
        "plugins",
        "state",
        "for each resource",
      ],
      engines.map((run) => [
        ...sizeOf(run),
        `${toTenths(run.upSeconds)} s`,
        `${toTenths(run.unsavedUpSeconds)} s`,
        `${toTenths(run.previewSeconds)} s`,
        `${run.engineMB} MB`,
        `${run.programMB} MB`,
        `${run.pluginsMB} MB in ${run.plugins}`,
        `${toTenths(run.stateKB / 1024)} MB`,
        `${toTenths(run.stateKB / run.resources)} KB`,
      ]),
    ),
    "### Cost of a cluster and a link, and its growth",
    table(
      ["", "at all", "each cluster", "each link", "exponent in resources"],
      [
        ...COSTS.evaluation.flatMap(({ what, unit, of }) => shareRow(what, unit, evaluations, of)),
        ...firstUpRow(engines),
        ...COSTS.engine.flatMap(({ what, unit, of }) => shareRow(what, unit, engines, of)),
      ],
    ),
    ...settingsSection(linesOf(results, "setting")),
    "### Many stacks",
    table(
      ["stacks", ...SIZE, "runs of `up`", "in all", "states", "largest process", "one more cluster"],
      linesOf(results, "stacks").map((run) => [
        String(run.stacks),
        ...sizeOf(run),
        `${run.runs}, ${run.parallel} at a time`,
        `${Math.round(run.seconds)} s`,
        `${Math.round(run.stateKB / 1024)} MB`,
        `${run.largestMB} MB`,
        `${toTenths(run.oneMore.seconds)} s, ${run.oneMore.resources} resources, ${run.oneMore.stateKB} KB`,
      ]),
    ),
    "### Against the documented way, on real API servers",
    table(
      [...SIZE, "pods ready after", "`pulumi up`", "Helm and kubectl, one after the other", "ratio"],
      linesOf(results, "documented").map((run) => [
        ...sizeOf(run),
        `${run.podSeconds} s`,
        `${toTenths(run.oursSeconds)} s`,
        `${toTenths(run.documentedSeconds)} s`,
        String(toHundredths(run.oursSeconds / run.documentedSeconds)),
      ]),
    ),
    "### Where the time goes",
    "Processor seconds on this machine, which also runs the API servers:",
    processorTable(linesOf(results, "trace")),
    ...plots.map((path) => `![${path.replace(/.*\/|\.svg$/g, "")}](${path.replace("docs/", "")})`),
    "Taken on:",
    Object.entries(results.benches)
      .map(
        ([bench, { machine, date, load, stolen }]) =>
          `- ${bench}: ${date}, ${machine}, load ${load} before` +
          (stolen === undefined
            ? ""
            : `, ${stolen} % of its processor time taken by other machines of the host`),
      )
      .join("\n"),
  ].join("\n\n");
}

function settingsSection(runs: readonly Of<"setting">[]): string[] {
  if (runs.length === 0) return [];
  const sizes = [...new Set(runs.map(({ clusters }) => clusters))];
  const settings = [...new Set(runs.map(({ setting }) => setting))];
  const figures = table(
    ["setting", ...sizes.map((clusters) => `${clusters} clusters`)],
    settings.map((setting) => [
      setting,
      ...sizes.map((clusters) => {
        const run = runs.find((one) => one.clusters === clusters && one.setting === setting);
        return run ? `${toTenths(run.upSeconds)} s` : "";
      }),
    ]),
  );
  return [
    "### Settings of a self-managed backend",
    "A first `up` of a hub whose clusters are in memory, by the settings that change the cost of a checkpoint:",
    figures,
  ];
}

function processorTable(traces: readonly Of<"trace">[]): string {
  const programs = [...new Set(traces.flatMap(({ processor }) => processor.map(({ program }) => program)))];
  return table(
    ["program", ...traces.map(({ run }) => run)],
    programs.map((program) => [
      program,
      ...traces.map(({ processor }) => {
        const spent = processor.find((one) => one.program === program);
        return spent ? `${toTenths(spent.seconds)} s` : "";
      }),
    ]),
  );
}

const SIZE = ["shape", "clusters", "links", "resources"] as const;

interface Size {
  readonly shape: string;
  readonly clusters: number;
  readonly links: number;
  readonly resources: number;
}

function sizeOf({ shape, clusters, links, resources }: Size): string[] {
  return [shape, ...[clusters, links, resources].map((count) => count.toLocaleString("en"))];
}

const COSTS = {
  evaluation: [
    { what: "the program alone", unit: "ms", of: (run: Of<"evaluation">) => run.seconds * 1000 },
    { what: "its memory", unit: "MB", of: (run: Of<"evaluation">) => run.memoryMB },
    { what: "resources", unit: "", of: (run: Of<"evaluation">) => run.resources },
  ],
  engine: [
    {
      what: "the same without checkpoints",
      unit: "ms",
      of: (run: Of<"engine">) => run.unsavedUpSeconds * 1000,
    },
    { what: "no-change preview", unit: "ms", of: (run: Of<"engine">) => run.previewSeconds * 1000 },
    { what: "memory of the program", unit: "MB", of: (run: Of<"engine">) => run.programMB },
    { what: "memory of the plugins", unit: "MB", of: (run: Of<"engine">) => run.pluginsMB },
    { what: "state", unit: "KB", of: (run: Of<"engine">) => run.stateKB },
  ],
} as const;

function shareRow<T extends Size>(what: string, unit: string, runs: readonly T[], of: (run: T) => number) {
  if (runs.length < 3) return [];
  const { fixed, cluster, link } = shares(runs, of);
  const grown = exponent(runs.map((run) => ({ size: run.resources, value: of(run) })));
  const amounts = [fixed, cluster, link].map((value) => `${Number(value.toPrecision(2))} ${unit}`.trim());
  return [[what, ...amounts, String(toHundredths(grown))]];
}

/** It grows faster than the resources do, so that no cluster or link has a share of its own. */
function firstUpRow(engines: readonly Of<"engine">[]): string[][] {
  if (engines.length < 3) return [];
  const grown = exponent(engines.map(({ resources, upSeconds }) => ({ size: resources, value: upSeconds })));
  return [["first `up`", "", "", "", String(toHundredths(grown))]];
}

function plotsOf(results: Results): Record<string, string> {
  const evaluations = linesOf(results, "evaluation");
  const engines = linesOf(results, "engine");
  const byShape = <T extends Size>(runs: readonly T[], of: (run: T) => number): Series[] =>
    [...Map.groupBy(runs, ({ shape }) => shape)].map(([name, some]) => ({
      name,
      samples: some.map((run): Sample => ({ size: run.clusters, value: of(run) })),
    }));
  const bySize = (one: Sample, other: Sample) => one.size - other.size;
  const byResources = (name: string, of: (run: Of<"engine">) => number): Series => ({
    name,
    samples: engines.map((run) => ({ size: run.resources, value: of(run) })).sort(bySize),
  });
  const across = "clusters";
  const plots = {
    evaluation: {
      title: "The program alone: time",
      across,
      up: "s",
      series: byShape(evaluations, (run) => run.seconds),
    },
    "evaluation-memory": {
      title: "The program alone: memory",
      across,
      up: "MB",
      series: byShape(evaluations, (run) => run.memoryMB),
    },
    engine: {
      title: "One stack on the engine: time",
      across: "resources",
      up: "s",
      series: [
        byResources("first up", (run) => run.upSeconds),
        byResources("no checkpoints", (run) => run.unsavedUpSeconds),
        byResources("preview", (run) => run.previewSeconds),
      ],
    },
    "engine-memory": {
      title: "One stack on the engine: memory and state",
      across: "resources",
      up: "MB",
      series: [
        byResources("engine", (run) => run.engineMB),
        byResources("program", (run) => run.programMB),
        byResources("plugins", (run) => run.pluginsMB),
        byResources("state", (run) => run.stateKB / 1024),
      ],
    },
  };
  const measured = Object.entries(plots).filter(([, { series }]) =>
    series.some(({ samples }) => samples.length > 1),
  );
  return Object.fromEntries([
    ...measured.map(([name, plot]) => [`docs/performance/${name}.svg`, plotSvg(plot)]),
    ...linesOf(results, "trace").map(({ run, steps }) => [
      `docs/performance/trace-${run.replace(/.*`(.*)`/, "$1")}.svg`,
      timelineSvg(`${run.replaceAll("`", "")} of three clusters`, steps),
    ]),
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  if (rows.some((row) => row.length !== head.length))
    throw new Error(`a row does not fit ${head.join(", ")}`);
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
