import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localChartProblem, localCharts } from "../../../fleet/linkerd/localCharts";
import { planFleet } from "../../../fleet/plan";
import { localChartProblems } from "../../../live/localCharts";
import { cluster, fleetOf } from "../../../testing/fleets";

const planned = (linkerd: object, overrides: Readonly<Record<string, object>>) =>
  planFleet(
    fleetOf(
      Object.fromEntries(
        Object.entries(overrides).map(([name, own]) => [name, cluster(name, { linkerd: own })]),
      ),
      { linkerd: { version: "2026.8.3", ...linkerd } },
    ),
  );

describe("the version of local charts", () => {
  it("is asked of folders and archives alone, once for each version that is wanted", () => {
    const { clusters } = planned(
      { source: "./charts", charts: { multicluster: { source: "oci://r.example.com/l" } } },
      { eu: {}, us: { version: "2026.9.1" }, apac: { source: "https://m.example.com/c" }, sa: {} },
    );
    expect(localCharts(clusters)).toEqual([
      { chart: "./charts/linkerd-crds", version: "2026.8.3", clusters: ["eu", "sa"] },
      { chart: "./charts/linkerd-control-plane", version: "2026.8.3", clusters: ["eu", "sa"] },
      { chart: "./charts/linkerd-crds", version: "2026.9.1", clusters: ["us"] },
      { chart: "./charts/linkerd-control-plane", version: "2026.9.1", clusters: ["us"] },
    ]);
  });

  it.each([
    ["the folder's own", "./charts/linkerd-crds", "version: 2026.8.3\nname: linkerd-crds\n", undefined],
    ["with a v before it", "./charts/linkerd-crds", "version: v2026.8.3", undefined],
    ["another", "./charts/linkerd-crds", "version: 2026.9.1", "2026.9.1"],
    ["that of an archive's name", "./linkerd-crds-2026.9.1.tgz", undefined, "2026.9.1"],
    [
      "that of a downloaded archive's name",
      "https://m.example.com/crds-v2.19.0-1.tgz",
      undefined,
      "v2.19.0-1",
    ],
    ["an archive's that its name does not say", "./crds.tgz", undefined, undefined],
    ["of no chart", "./charts/linkerd-crds", undefined, undefined],
    ["of a broken file", "./charts/linkerd-crds", "version: [", undefined],
    ["of a file without one", "./charts/linkerd-crds", "name: x", undefined],
  ])("is judged: %s", (_, chart, content, found) => {
    const problem = localChartProblem({ chart, version: "2026.8.3", clusters: ["eu", "us"] }, content);
    expect(problem?.problem).toBe(found && `names version 2026.8.3 for eu, us, and ${chart} holds ${found}`);
  });
});

describe("charts in a folder", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-charts-"));
    for (const chart of ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster"]) {
      mkdirSync(join(folder, "charts", chart), { recursive: true });
      writeFileSync(join(folder, "charts", chart, "Chart.yaml"), `name: ${chart}\nversion: 2026.9.1\n`);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are refused where the stack file names another version, each once", () => {
    const problems = localChartProblems(planned({ source: "./charts" }, { us: {}, eu: {} }), folder);
    expect(problems.map(({ problem }) => problem)).toEqual(
      ["crds", "control-plane", "multicluster"].map(
        (name) => `names version 2026.8.3 for eu, us, and ./charts/linkerd-${name} holds 2026.9.1`,
      ),
    );
  });

  it("serve one cluster's upgrade, as the runbook says", () => {
    const own = { version: "2026.9.1", source: "./charts" };
    expect(localChartProblems(planned({ source: "./elsewhere" }, { us: own, eu: {} }), folder)).toEqual([]);
  });
});
