import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { VERBS } from "../../../ops/verbs";
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

  it("name verbs that there are, and so do the messages of the programs", () => {
    const sources = execFileSync(
      "git",
      ["ls-files", "bench", "components", "fleet", "live", "ops", "policy", ".github"],
      {
        cwd: repository,
        encoding: "utf8",
      },
    );
    const known = new Set([...VERBS.flatMap(({ name }) => [name, name.split(" ")[0]]), "completion"]);
    const named = [...documents(), ...sources.trim().split("\n")].flatMap((file) =>
      [
        ...readFileSync(join(repository, file), "utf8").matchAll(/\bnpx fleet ((?:state )?[a-z][a-z-]*)/g),
      ].map(([, verb = ""]) => ({ file, verb })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ verb }) => !known.has(verb))).toEqual([]);
  });
});

it("the pre-commit hook of docs/commands.md judges stack files and nothing else", () => {
  const [block] = blocksOf("docs/commands.md").filter(({ language }) => language === "yaml");
  const [hook] = parse(block?.text ?? "").repos[0].hooks;
  expect(hook.entry).toBe("npx fleet check");
  const judged = (file: string) => new RegExp(hook.files).test(file);
  expect(["Pulumi.dev.yaml", "Pulumi.prod.eu.yaml", "Pulumi.yaml", "docs/a.yaml"].map(judged)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
