import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { isMap } from "../../../fleet/config/json";
import { type Parsed, parseFleetConfig } from "../../../fleet/config/parse";
import { formatProblems } from "../../../fleet/config/problems";
import { planFleet } from "../../../fleet/plan";
import { readStackFile } from "../../../live/stackFile";
import { fleetInputs, stack } from "../../../testing/arbitraries";
import { ADDRESSES, API_SERVERS, SOURCES, VERSIONS } from "../../../testing/mistakes/inputs";
import { richFleets } from "../../../testing/mistakes/rich";

/** How many files there are in all: `RANDOM_STACK_FILES=10000 npx vitest run …` before a release. */
const FILES = Number(process.env.RANDOM_STACK_FILES ?? 500);
const numRuns = Math.ceil(FILES / 2);
const timeout = 60_000 + FILES * 100;

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-random-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Values = Readonly<Record<string, unknown>>;

const rich = richFleets().map(({ fleet }) => fleet as Values);
const fleets: fc.Arbitrary<Values> = fc.oneof(
  fc.constantFrom(...rich),
  fleetInputs({ maxClusters: 3 }).map((input) => ({ ...input })),
);

const words = [...ADDRESSES, ...API_SERVERS, ...SOURCES, ...VERSIONS].map(([input]) => input);
/** What stands where something else should. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(
    "2026-08-01 00:00:00 +0000 UTC",
    "-----BEGIN CERTIFICATE-----",
    "__proto__",
    "",
    "*",
    "a.b",
    "A",
  ),
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2_562_048, Number.MAX_SAFE_INTEGER, 1e308, [], {}, [[]], {
    secret: "x",
  }),
  fc.string(),
  fc.jsonValue({ maxDepth: 3 }),
);
const keys = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "a.b", "", "UPPER", "source", "secret", "0"),
  fc.string(),
);

interface Change {
  readonly at: number;
  readonly kind: "set" | "remove" | "add" | "repeat";
  readonly key: string;
  readonly value: unknown;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("set", "set", "remove", "add", "repeat"),
  key: keys,
  value: odd,
});

/** Every map and list, with what it holds. */
function holders(value: unknown): (unknown[] | Record<string, unknown>)[] {
  if (Array.isArray(value)) return [value, ...value.flatMap(holders)];
  return isMap(value) ? [value as Record<string, unknown>, ...Object.values(value).flatMap(holders)] : [];
}

function applied(fleet: Values, changes: readonly Change[]): Values {
  const copy: Values = JSON.parse(JSON.stringify(fleet));
  for (const { at, kind, key, value } of changes) {
    const places = holders(copy).flatMap((holder) => Object.keys(holder).map((name) => ({ holder, name })));
    const place = places[at % Math.max(1, places.length)];
    if (!place) continue;
    const { holder, name } = place;
    if (Array.isArray(holder)) {
      if (kind === "remove") holder.splice(Number(name), 1);
      else if (kind === "set") holder[Number(name)] = value;
      else holder.push(kind === "repeat" ? holder[Number(name)] : value);
    } else if (kind === "remove") delete holder[name];
    else
      Object.defineProperty(holder, kind === "set" ? name : key, {
        value: kind === "repeat" ? holder[name] : value,
        ...{ enumerable: true, writable: true, configurable: true },
      });
  }
  return copy;
}

/** Whether a path leads to a place of the file, or to a setting that a map there could have. */
function isTrue(path: string, values: unknown): boolean {
  const steps = [...path.matchAll(/\.?([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g)];
  if (steps.map(([step]) => step).join("") !== path) return false;
  let at = values;
  for (const [, name, index, quoted] of steps) {
    if (index !== undefined) {
      if (!Array.isArray(at) || Number(index) >= at.length) return false;
      at = at[Number(index)];
    } else {
      // A name that may be a secret, or is a date, is not shown as it is written.
      if (quoted === "…" || at === undefined) return true;
      if (!isMap(at)) return false;
      at = Object.entries(at).find(([key]) => key === (name ?? quoted) || key.startsWith(`${name} `))?.[1];
    }
  }
  return true;
}

function judge({ config, problems }: Parsed, values: unknown): void {
  if (config) {
    planFleet(config);
    return;
  }
  expect(problems.length).toBeGreaterThan(0);
  for (const { path, problem, fix } of problems) {
    expect([path, problem, fix]).not.toContain("");
    if (values !== undefined && path !== "")
      expect({ path, isTrue: isTrue(path, values) }).toEqual({ path, isTrue: true });
  }
  const words = formatProblems(problems);
  expect(words).not.toMatch(/^\s+at .*:\d+:\d+\)?$|node_modules|undefined|\[object|NaN|is not valid\n/m);
}

it(
  `random stack files are read, or refused at places that are there (${numRuns} of changed values)`,
  () => {
    fc.assert(
      fc.property(fleets, fc.array(change, { minLength: 1, maxLength: 4 }), (fleet, changes) => {
        const values = applied(fleet, changes);
        judge(parseFleetConfig(stack(values, {})), values);
      }),
      { numRuns },
    );
  },
  timeout,
);

const INSERTED = [
  ..."\t:{}[]&*!|>'\"%@#-?,<~\\ \n\u0000\uFEFF",
  "<<: *a",
  "- ",
  ": ",
  "!!binary ",
  "%YAML 9",
  "---\n",
  "? ",
  "&a ",
];
const edit = fc.record({
  at: fc.nat(),
  cut: fc.constantFrom(0, 0, 0, 1, 2, 10, 1_000),
  put: fc.oneof(fc.constantFrom(...INSERTED, "", ""), fc.string({ maxLength: 5 })),
});

it(
  `mangled YAML is read, or refused (${numRuns} of changed text)`,
  () => {
    const file = join(folder, "Pulumi.dev.yaml");
    fc.assert(
      fc.property(fleets, fc.array(edit, { minLength: 1, maxLength: 5 }), (fleet, edits) => {
        const config = Object.fromEntries(
          Object.entries(fleet).map(([key, value]) => [`linkerd-fleet:${key}`, value]),
        );
        let text = stringify({ config });
        for (const { at, cut, put } of edits) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + put + text.slice(place + cut);
        }
        writeFileSync(file, text);
        judge(readStackFile(file), undefined);
      }),
      { numRuns },
    );
  },
  timeout,
);
