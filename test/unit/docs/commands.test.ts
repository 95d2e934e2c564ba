import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blocksOf, documents } from "../../../testing/documents";

const REASON = /^not tried by a test: \S.{10,}$/;
const repository = join(__dirname, "..", "..", "..");
const blocks = documents().flatMap(blocksOf);
const marked = blocks.filter(({ language, remark }) => language === "sh" && remark !== "");

describe("the commands of the documents", () => {
  it("are called sh, or the run of the lab tests would not miss them", () => {
    expect(blocks.filter(({ language }) => /^(bash|shell|console|zsh)$/.test(language))).toEqual([]);
    expect(blocks.filter(({ language }) => language === "sh").length).toBeGreaterThan(40);
  });

  it("that no test tries say why, and none of a runbook", () => {
    for (const { at, remark } of marked) console.log(`${at}: ${remark}`);
    for (const { at, remark } of marked) expect(remark, at).toMatch(REASON);
    expect(marked.filter(({ at }) => at.startsWith("docs/runbooks"))).toEqual([]);
  });

  it("name scripts that there are, wherever they stand", () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const unknown = documents().flatMap((document) =>
      [...readFileSync(join(repository, document), "utf8").matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)]
        .filter(([, name = ""]) => !Object.hasOwn(scripts, name))
        .map(([command]) => `${document}: ${command}`),
    );
    expect(unknown).toEqual([]);
  });
});
