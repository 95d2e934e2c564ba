import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documents } from "../../../testing/documents";

const PAGES = documents().filter((path) => !path.startsWith("test/golden/"));
/** An inverted or a telegraphic sentence begins so. A question may. */
const INVERTED = /^(Of|Whoever|What)\b(?!.*\?$)/;

/**
 * The sentences of Markdown: of paragraphs, headings, list items and cells, each without its markup; no code blocks.
 */
function sentences(markdown: string): string[] {
  const prose = markdown.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "\n\n").replaceAll(/<!--[\s\S]*?-->/g, "");
  const blocks = prose
    .split("\n")
    .map((line) => (/^ *([-*#|]|\d+\.)/.test(line) ? `\n\n${line}` : line))
    .join("\n")
    .split(/\n\s*\n/);
  return blocks
    .flatMap((block) => (/^\s*\|/.test(block) ? block.split(/(?<!\\)\|/) : [block]))
    .map((block) => block.replaceAll(/\s+/g, " ").replace(/^ *([-*]|#+|\d+\.) +/, ""))
    .flatMap((block) => block.split(/(?<=[.:!?]\)?"?)\*{0,2} +/))
    .map((sentence) => sentence.replace(/^[\s*_"“([]+/, "").trim())
    .filter((sentence) => sentence !== "");
}

describe("the English of the documents", () => {
  it("finds an inverted sentence wherever it stands", () => {
    const page =
      "# What is it\n\nFine. Of these,\none. What is it?\n\n- **Whoever** may\n- Offers\n\n| a | What b |\n\n```sh\nWhat\n```\n";
    expect(sentences(page).filter((sentence) => INVERTED.test(sentence))).toEqual([
      "What is it",
      "Of these, one.",
      "Whoever** may",
      "What b",
    ]);
  });

  it.each(PAGES)("%s begins no sentence with Of, Whoever or What", (path) => {
    const found = sentences(readFileSync(path, "utf8")).filter((sentence) => INVERTED.test(sentence));
    expect(found).toEqual([]);
  });
});

it("the README stays under 150 lines", () => {
  expect(readFileSync("README.md", "utf8").split("\n").length).toBeLessThan(150);
});
