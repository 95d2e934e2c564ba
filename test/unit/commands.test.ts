import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const REASON = /^not tried by a test: \S.{10,}$/;
const repository = join(__dirname, "..", "..");
const documents = [
  "README.md",
  ...readdirSync(join(repository, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];
const tests = readdirSync(join(repository, "test", "lab"))
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(join(repository, "test", "lab", file), "utf8"));

/** What stands after ```` ```sh ```` of each block of shell commands, in any spelling. */
const blocksOf = (document: string) =>
  [
    ...readFileSync(join(repository, document), "utf8").matchAll(
      /^ *```(?:sh|bash|shell|console)\b *(.*)$/gm,
    ),
  ].map(([, info = ""]) => info);

/** How the lab tests name a document whose blocks they follow. */
const spellings = (document: string) => [
  `"${document}"`,
  `readRunbook("${document.replace(/^docs\/runbooks\/(.*)\.md$/, "$1")}")`,
  `readRunbook("${document.replace(/^docs\/(.*)\.md$/, "../$1")}")`,
  `followAll("${document.replace(/^docs\/runbooks\/(.*)\.md$/, "$1")}")`,
];

const withCommands = documents.filter((document) => blocksOf(document).length > 0);
const marked = withCommands.flatMap((document) =>
  blocksOf(document).flatMap((info) => (info === "" ? [] : [{ document, info }])),
);

describe("the commands of the documents", () => {
  it.each(withCommands.filter((document) => blocksOf(document).includes("")))(
    "of %s are followed by a lab test",
    (document) => {
      expect(tests.filter((text) => spellings(document).some((name) => text.includes(name)))).not.toEqual([]);
    },
  );

  it("that no test tries say why", () => {
    for (const { document, info } of marked) console.log(`${document}: ${info}`);
    for (const { info } of marked) expect(info).toMatch(REASON);
    expect(marked.every(({ document }) => !document.startsWith("docs/runbooks"))).toBe(true);
  });
});
