import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGoYaml } from "../../../fleet/clusters/goYaml";

describe("YAML, as the Kubernetes libraries read it", () => {
  it.each([
    ["a: 0o17", { a: 15 }],
    ["a: 017", { a: 15 }],
    ["a: 0x1F", { a: 31 }],
    ["a: 1_000", { a: 1000 }],
    ["a: 1e3", { a: 1000 }],
    ["a: 1e999", { a: "1e999" }],
    ["a: 12:30", { a: "12:30" }],
    ["a: 2026-08-01", { a: "2026-08-01" }],
    ["a: [y, No, on, 'on', ~, '']", { a: [true, false, true, "on", null, ""] }],
    ["a: 1.2.3", { a: "1.2.3" }],
    ["{ a: 1, a: 2 }", { a: 2 }],
    ["{ a: 1, <<: { a: 2, b: 3 } }", { a: 2, b: 3 }],
    ["{ <<: [{ a: 1 }, { a: 2, b: 2 }], b: 3 }", { a: 1, b: 3 }],
    ["a: &x [1]\nb: *x", { a: [1], b: [1] }],
    ["1: a\ntrue: b", { "1": "a", true: "b" }],
    ["--- # nothing\n---\na: 1", null],
    ["", null],
  ])("%s", (content, value) => {
    expect(readGoYaml(content)).toEqual({ value });
  });

  it.each([
    "a: *x",
    "a: &x [*x]",
    "~: 1",
    "[1]: 2",
    "a: .inf",
    'a: "\\/"',
    "a: \u0001",
    "<<: 1",
    "a: !!int x",
    "{",
  ])("%s cannot be read", (content) => {
    expect(readGoYaml(content)).toBeUndefined();
  });

  it("takes no longer for aliases of aliases", () => {
    const lines = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`);
    expect(readGoYaml(["a0: &a0 x", ...lines].join("\n"))).toHaveProperty("value.a0", "x");
  });

  it("of any text is read, or is not, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (content) => {
        expect(["object", "undefined"]).toContain(typeof readGoYaml(content));
      }),
    );
  });
});
