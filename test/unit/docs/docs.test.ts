import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { documents } from "../../../docs/documents";
import { readStackFile } from "../../../live/stackFile";
import { STACK_FILES } from "../../../testing/plans/files";

describe("the committed reference", () => {
  it.each(Object.entries(documents()))("%s is what `npm run docs` writes", (path, text) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("gives the meaning of every setting", () => {
    const page = documents()["docs/configuration.md"] ?? "";
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => row.endsWith("|  |"))).toEqual([]);
  });
});

describe("the schema for editors", () => {
  const schema = z.fromJSONSchema(JSON.parse(documents()["docs/stack-file.schema.json"] ?? ""));
  const refused = (change: (config: Record<string, unknown>) => void) => {
    const { config } = parse(readFileSync("docs/example-stack.yaml", "utf8"));
    change(config);
    return !schema.safeParse({ config }).success;
  };

  it.each(STACK_FILES)("accepts %s, and so does the program", (path) => {
    const file = parse(readFileSync(path, "utf8"));
    expect(schema.safeParse(file).error).toBeUndefined();
    expect(readStackFile(path).problems).toBeUndefined();
  });

  it("accepts encrypted values of ours and anything of other projects", () => {
    expect(refused((config) => (config["linkerd-fleet:kubeconfig-eu"] = { secure: "v1:abc" }))).toBe(false);
    expect(refused((config) => (config["kubernetes:context"] = "x"))).toBe(false);
  });

  it("refuses what the program refuses by shape", () => {
    expect(refused((config) => (config["linkerd-fleet:topolgy"] = { kind: "mesh" }))).toBe(true);
    expect(refused((config) => (config["linkerd-fleet:kubeconfig-eu"] = "plain"))).toBe(true);
    expect(refused((config) => (config["linkerd-fleet:clusters"] = { secure: "v1:abc" }))).toBe(true);
    expect(refused((config) => (config["linkerd-fleet:topology"] = { kind: "star" }))).toBe(true);
    expect(refused((config) => delete config["linkerd-fleet:trust"])).toBe(true);
  });
});
