import { CLUSTER, type Content, IN_CLUSTER, ROWS, type Unit } from "./panels";
import { RECORDED } from "./recorded";

/** A Grafana dashboard of the whole fleet (Grafana dashboard JSON model, schema 39). */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: 39;
  readonly tags: readonly string[];
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly object[] };
  readonly annotations: { readonly list: readonly never[] };
  readonly panels: readonly (Row | Panel)[];
}

interface Row {
  readonly id: number;
  readonly type: "row";
  readonly title: string;
  readonly collapsed: false;
  readonly gridPos: Place;
  readonly panels: readonly never[];
}

interface Panel {
  readonly id: number;
  readonly type: "timeseries";
  readonly title: string;
  readonly description: string;
  readonly datasource: typeof DATASOURCE;
  readonly gridPos: Place;
  readonly fieldConfig: {
    readonly defaults: { readonly unit: Unit; readonly min: 0; readonly noValue?: string };
    readonly overrides: readonly never[];
  };
  readonly options: typeof OPTIONS;
  readonly targets: readonly [{ readonly expr: string; readonly legendFormat: string; readonly refId: "A" }];
}

/** Every line in the tooltip, the highest first. */
const OPTIONS = {
  legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
  tooltip: { mode: "multi", sort: "desc" },
} as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

/** A list of the values of a label, all of them chosen at first. Series without the label are among "all". */
function variable(name: string, metric: string): object {
  return {
    ...{ name, label: name, type: "query", datasource: DATASOURCE },
    query: { query: `label_values(${metric}, ${name})`, refId: name },
    ...{ refresh: 2, sort: 1, multi: true, includeAll: true, allValue: ".*" },
    current: { text: ["All"], value: ["$__all"] },
  };
}

const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 8;

function layOut(): readonly (Row | Panel)[] {
  let y = 0;
  let id = 0;
  return ROWS.flatMap(([row, contents]) => {
    const header: Row = {
      ...{ id: ++id, type: "row", title: row, collapsed: false },
      gridPos: { x: 0, y, w: COLUMNS * WIDTH, h: 1 },
      panels: [],
    };
    const top = y + 1;
    y = top + Math.ceil(contents.length / COLUMNS) * HEIGHT;
    return [header, ...contents.map((content, at) => panel(content, ++id, at, top))];
  });
}

function panel(
  { title, description, expr, legend, unit, none }: Content,
  id: number,
  at: number,
  top: number,
): Panel {
  return {
    ...{ id, type: "timeseries", title, description, datasource: DATASOURCE },
    gridPos: {
      x: (at % COLUMNS) * WIDTH,
      y: top + Math.floor(at / COLUMNS) * HEIGHT,
      ...{ w: WIDTH, h: HEIGHT },
    },
    fieldConfig: { defaults: { unit, min: 0, ...(none ? { noValue: none } : {}) }, overrides: [] },
    options: OPTIONS,
    targets: [{ expr, legendFormat: legend, refId: "A" }],
  };
}

/** The same for every cluster: it asks for what each records. */
export const DASHBOARD: Dashboard = {
  uid: "linkerd-fleet",
  title: "Linkerd fleet",
  schemaVersion: 39,
  tags: ["linkerd", "linkerd-fleet"],
  refresh: "1m",
  time: { from: "now-6h", to: "now" },
  templating: {
    list: [
      { name: "datasource", label: "source", type: "datasource", query: "prometheus" },
      variable("cluster", RECORDED.proxies),
      variable("namespace", `${RECORDED.calls}${IN_CLUSTER}`),
      variable("service", `${RECORDED.calls}{${CLUSTER}, namespace=~"$namespace"}`),
    ],
  },
  annotations: { list: [] },
  panels: layOut(),
};
