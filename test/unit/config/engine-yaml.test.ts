import { describe, expect, it } from "vitest";
import { readYaml } from "../../../fleet/config/readYaml";
import { readPreviewConfig } from "../../../live/stackFile";
import { soundFleet, told } from "../../../testing/mistakes/sound";

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
    expect(readYaml(`key: ${written}`)).toEqual({ content: { key: read }, problems: [] });
  });

  it("with anchors and merges", () => {
    expect(readYaml("a: &a { x: 1 }\nb: { <<: *a, y: 2 }").content).toEqual({
      a: { x: 1 },
      b: { x: 1, y: 2 },
    });
  });
});

/** What is said of an anchor's id that was written without quotes. */
function toldOfId(written: string): string[] {
  const sections = { ...soundFleet(), trust: { anchors: [{ id: "WRITTEN", state: "active" }] } };
  const read = JSON.parse(
    JSON.stringify(sections).replace('"WRITTEN"', JSON.stringify(readYaml(written).content)),
  );
  return told(read);
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

describe("a file that", () => {
  const many = Array.from({ length: 200 }, (_, at) => `b${at}: *a`).join("\n");
  it.each([
    ["has the line ends of old Macs", "a: 1\rb: 2\r", { a: 1, b: 2 }],
    ["has the line ends of Windows", "a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
    ["begins with a byte order mark", "\ufeffa: 1", { a: 1 }],
    ["says that it is YAML 1.1", "%YAML 1.1\n---\na: no", { a: "no" }],
    ["has bytes for a text", "a: !!binary bWVzaA==", { a: "mesh" }],
    ["has many aliases", `a: &a [1]\n${many}`, expect.objectContaining({ b199: [1] })],
    ["is empty", "", null],
  ])("%s is read", (_, text, content) => {
    expect(readYaml(text)).toEqual({ content, problems: [] });
  });

  it.each([
    ["has a control character", "a: 1\nb: \u0001", "line 2, column 4", "control character", "remove it"],
    ["has a shell's braces", "{ a: $" + "{A}, b: 1 }\nc: 2", "line 1, column 7", "not YAML", "brackets"],
    ["has a key twice", "a: 1\nb: 2\na: 3", "line 3, column 1", "used above", "keep one"],
    ["has a second document", "a: 1\n---\nb: 2", "line 2, column 1", "second document", "one document"],
    ["has a tab for spaces", "a:\n\tb: 1", "line 2, column 1", "tab", "write spaces"],
    ["merges a text", "a: { <<: b }", "the YAML", "not a map", "an alias"],
    ["has an alias of nothing", "a: *b", "the YAML", "no anchor", "quote the star"],
    ["has an anchor that holds itself", "a: &a [*a]", "the YAML", "of itself", "write out"],
  ])("%s is told once, with the place and the way out", (_, text, path, problem, fix) => {
    expect(readYaml(text)).toEqual({
      content: undefined,
      problems: [{ path, problem: expect.stringContaining(problem), fix: expect.stringContaining(fix) }],
    });
  });
});
