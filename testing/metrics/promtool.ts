import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Rule } from "../../fleet/objects/monitoring";

/** One value of a query, or one alert that fires. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Asked {
  readonly rules: readonly Rule[];
  /** Series in the notation of Prometheus' tests, a value for each minute. */
  readonly series: readonly { readonly series: string; readonly values: string }[];
  readonly queries: readonly string[];
  /** Alerts by name. */
  readonly alerts?: readonly string[];
  /** Minutes from the first value. */
  readonly at: number;
}

export interface Answered {
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly firing: readonly Sample["labels"][];
}

/**
 * What Prometheus answers: `promtool test rules` evaluates rules and queries with Prometheus' own engine. It expects one
 * series of each that there is not, and then says what it got.
 */
export function ask({ rules, series, queries, alerts = [], at }: Asked): Answered {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    const time = `${at}m`;
    const wrong = [{ labels: "nothing_of_this_name", value: 1 }];
    const files = {
      "rules.json": { groups: [{ name: "fleet", rules }] },
      "test.json": {
        rule_files: ["rules.json"],
        // Dear, and not needed more often: a recorded value is good for five minutes.
        evaluation_interval: "5m",
        tests: [
          {
            interval: "1m",
            input_series: series,
            promql_expr_test: queries.map((expr) => ({ expr, eval_time: time, exp_samples: wrong })),
            alert_rule_test: alerts.map((alertname) => ({
              ...{ alertname, eval_time: time, exp_alerts: [{ exp_labels: { alertname, no: "such" } }] },
            })),
          },
        ],
      },
    };
    for (const [name, content] of Object.entries(files)) {
      // A file of JSON is one of YAML.
      writeFileSync(join(folder, name), JSON.stringify(content));
    }
    const ran = spawnSync(PROMTOOL, ["test", "rules", "test.json"], { cwd: folder, encoding: "utf8" });
    return read(ran.stdout + ran.stderr, queries);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [name, value]);
  return Object.fromEntries(pairs);
}

function read(said: string, queries: readonly string[]): Answered {
  const got = [...said.matchAll(/^ {8}got: (.*)$/gm)].map(([, line = ""]) => line);
  const expected = (said.match(/^ {4}alertname: /gm) ?? []).length;
  if (/\berr:|parse error|error:/i.test(said) || got.length !== queries.length) throw new Error(said);
  const samples = got.map((line) =>
    line === "nil"
      ? []
      : [...line.matchAll(/\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\} ([^\s,]+)/g)].map(
          ([, labels = "", value = ""]) => ({ labels: labelsOf(labels), value: Number(value) }),
        ),
  );
  const firing = expected === 0 ? [] : said.split(/^ {8}got:/m).flatMap((part) => firingIn(part));
  return { samples: new Map(queries.map((query, at) => [query, samples[at] ?? []])), firing };
}

/** The labels of what stands behind a `got:[`, up to the next expectation. */
function firingIn(part: string): Sample["labels"][] {
  if (!part.startsWith("[")) return [];
  const own = part.split(/^ {4}\w/m)[0] ?? "";
  return [...own.matchAll(/Labels:\{(.*)\}/g)].map(([, labels = ""]) => labelsOf(labels));
}

/** `$PROMTOOL`, that of the machine, or Debian's, which is taken out of its package: nothing is installed. */
function promtool(): string {
  const cache = join(process.env.LINKERD_FLEET_CACHE ?? join(__dirname, "..", "..", ".cache"), "promtool");
  const path = join(cache, "promtool");
  if (process.env.PROMTOOL) return process.env.PROMTOOL;
  if (existsSync(path)) return path;
  const found = spawnSync("sh", ["-c", "command -v promtool"], { encoding: "utf8" }).stdout.trim();
  if (found) return found;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "download-"));
  try {
    const script =
      "apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; } && " +
      "dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool";
    const ran = spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8" });
    const unpacked = join(folder, "usr", "bin", "promtool");
    if (!existsSync(unpacked)) {
      throw new Error(
        `Install Prometheus, or name its promtool in PROMTOOL: queries are run with it.\n${ran.stderr}`,
      );
    }
    // Another worker may have done the same: the last one wins, and both are the same file.
    renameSync(unpacked, path);
    return path;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Found as the file is read: a download takes longer than a test may. */
const PROMTOOL = promtool();
