import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { DASHBOARD } from "../../../fleet/observability/dashboard";

const HERE = join(__dirname, "grafana.literals.ts");

/** Grafana's schema, with the values of its enumerations as JSON writes them. */
const SCHEMA = `
import type { Dashboard, Panel, RowPanel, VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
import type { Options } from "@grafana/grafana-foundation-sdk/timeseries";
import type * as units from "@grafana/grafana-foundation-sdk/units";
type Unit = (typeof units)[keyof typeof units];
type Written<T> = T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer E)[] ? Written<E>[]
  : T extends (...of: never[]) => unknown ? never
  : T extends object ? { [K in keyof T as T[K] extends (...of: never[]) => unknown ? never : K]: Written<T[K]> }
  : T;
`;

/** Where literals of JSON differ from types of Grafana's: what is missing, of the wrong kind, or unknown to Grafana. */
function differences(literals: readonly (readonly [type: string, value: unknown])[]): string[] {
  const text = `${SCHEMA}${literals
    .map(([type, value], at) => `export const of${at}: Written<${type}> = ${JSON.stringify(value)};`)
    .join("\n")}`;
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], lib: ["lib.es2022.d.ts"] },
    ...{ module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === HERE || fileExists(path);
  host.getSourceFile = (path, version) =>
    path === HERE ? ts.createSourceFile(path, text, version) : getSourceFile(path, version);
  const program = ts.createProgram([HERE], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

/** Each part by its own type: in a union, TypeScript takes a field of any member for known. */
function literals({ panels, templating, ...rest }: typeof DASHBOARD): (readonly [string, unknown])[] {
  return [
    ["Dashboard", { ...rest, templating: {} }],
    ...templating.list.map((variable) => ["VariableModel", variable] as const),
    ...panels.flatMap((panel): (readonly [string, unknown])[] => {
      if (panel.type === "row") return [["RowPanel", panel]];
      const { targets, options, fieldConfig, ...common } = panel;
      return [
        ["Panel", { ...common, fieldConfig }],
        ["Options", options],
        ["Unit", fieldConfig.defaults.unit],
        ...targets.map((target) => ["Dataquery", target] as const),
      ];
    }),
  ];
}

it("the dashboard is one by Grafana's own schema, down to panels, variables and queries", () => {
  expect(differences(literals(DASHBOARD))).toEqual([]);
}, 60_000);

it("that schema knows a wrong value, a missing one, and one that Grafana has no name for", () => {
  const legend = { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] };
  const row = { id: 1, type: "row", collapsed: false, panels: [] };
  expect(
    differences([
      ["Options", { legend: { ...legend, displayMode: "lines" }, tooltip: { mode: "multi", sort: "desc" } }],
      ["Options", { legend }],
      ["RowPanel", { ...row, height: 3 }],
      ["Unit", "furlong"],
    ]),
  ).toEqual([
    expect.stringContaining("'\"lines\"' is not assignable"),
    expect.stringContaining("'tooltip' is missing"),
    expect.stringContaining("'\"height\"' does not exist"),
    expect.stringContaining("'\"furlong\"' is not assignable"),
  ]);
}, 60_000);
