import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../fleet/config/engineYaml";
import { readPreviewConfig } from "../../../live/stackFile";
import { problemsOf, soundFleet } from "../../../testing/mistakes/sound";

/** As gopkg.in/yaml.v3 reads them (v3.0.1, run for this table), and the engine writes dates. */
const SCALARS: readonly (readonly [written: string, read: unknown])[] = [
  ["2026-08-01", "2026-08-01 00:00:00 +0000 UTC"],
  ["2026-8-1", "2026-08-01 00:00:00 +0000 UTC"],
  ["2026-08-01 10:00:00", "2026-08-01 10:00:00 +0000 UTC"],
  ["2026-08-01T10:00:00Z", "2026-08-01 10:00:00 +0000 UTC"],
  ["2026-13-01", "2026-13-01"],
  ["2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43.10 -5"],
  ["1e3", 1000],
  ["1e", "1e"],
  ["0.1e-2", 0.001],
  ["0777", 511],
  ["0o17", 15],
  ["0o8", "0o8"],
  ["09", 9],
  ["0x1F", 31],
  ["-0x10", -16],
  ["0xg", "0xg"],
  ["0b11", 3],
  ["8_760", 8760],
  ["1__0", 10],
  ["1_0.5_0", 10.5],
  ["_1", "_1"],
  ["+5", 5],
  [".5", 0.5],
  ["1.", 1],
  ["12:30", "12:30"],
  ["190:20:30", "190:20:30"],
  ["on", "on"],
  ["no", "no"],
  ["yes", "yes"],
  ["TRUE", true],
  ["~", null],
  ["Null", null],
  ['"2026"', "2026"],
  ["!!str 12", "12"],
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["2026.8.3", "2026.8.3"],
];

describe("a stack file is read as the engine reads it", () => {
  it.each(SCALARS)("%s", (written, read) => {
    expect(parseYaml(`key: ${written}`)).toEqual({ key: read });
  });

  it("with anchors and merges", () => {
    expect(parseYaml("a: &a { x: 1 }\nb: { <<: *a, y: 2 }")).toEqual({ a: { x: 1 }, b: { x: 1, y: 2 } });
  });
});

/** What is said of an anchor's id that was written without quotes. */
function toldOfId(written: string): string[] {
  const sections = { ...soundFleet(), trust: { anchors: [{ id: "WRITTEN", state: "active" }] } };
  const read = JSON.parse(JSON.stringify(sections).replace('"WRITTEN"', JSON.stringify(parseYaml(written))));
  return problemsOf(read).map(({ path, problem, fix }) => `${path}: ${problem} → ${fix}`);
}

describe("what YAML makes of text without quotes is told with its path", () => {
  it.each([
    ["2026-08-01", 'is a date to the engine, not text → put it in quotes: "2026-08-01"'],
    ["2026", "is a number, not text → put it in quotes"],
    ["1e3", "is a number, not text → put it in quotes"],
    ["0777", "is a number, not text → put it in quotes"],
    ["2026.5", 'is a number, not text → use letters, digits and dashes, for example "2026", in quotes'],
    ["true", "is true or false, not text → put it in quotes"],
    ["~", "is empty, not text → write text"],
    ["12:30", 'is not the id of an anchor → use letters, digits and dashes, for example "2026"'],
  ])("%s", (written, words) => {
    expect(toldOfId(written)).toEqual([expect.stringMatching(/^trust\.anchors\[0\]\.id: /)]);
    expect(toldOfId(written)[0]).toContain(words);
  });

  it.each(["on", "no", "y", '"2026-08-01"', '"1e3"'])("and %s is text", (written) => {
    expect(toldOfId(written)).toEqual([]);
  });

  it("also where a date names a cluster, and as the engine hands it over", () => {
    const { clusters, ...rest } = soundFleet();
    const dated = { ...clusters, "2026-08-01 00:00:00 +0000 UTC": clusters.us };
    const config = Object.fromEntries(
      Object.entries({ ...rest, clusters: dated }).map(([key, value]) => [
        `linkerd-fleet:${key}`,
        JSON.stringify(value),
      ]),
    );
    expect(readPreviewConfig(config).problems).toEqual(
      expect.arrayContaining([
        {
          path: "clusters.2026-08-01",
          problem: "is a date to the engine, not text",
          fix: 'put it in quotes: "2026-08-01"',
        },
      ]),
    );
  });
});
