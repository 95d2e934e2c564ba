import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(__dirname, "..");

/** A code block of a document. */
export interface Block {
  /** `docs/verify.md:3`: where it begins. */
  readonly at: string;
  readonly language: string;
  /** What stands behind the language: of `sh` blocks, why no test can run it. */
  readonly remark: string;
  readonly text: string;
}

/** The code blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  const content = readFileSync(join(repository, document), "utf8");
  return [...content.matchAll(/^ *```(\w+)(?: +(.*))?\n([\s\S]*?)^ *```$/gm)].map((match) => {
    const [, language = "", remark = "", text = ""] = match;
    const line = content.slice(0, match.index).split("\n").length;
    return { at: `${document}:${line}`, language, remark, text };
  });
}

/** Every document of the repository. */
export function documents(): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: repository,
    encoding: "utf8",
  });
  return listed.trim().split("\n");
}

/** Names, in the environment of a whole run of the lab tests, the file that collects which blocks were run. */
export const RUN_BLOCKS = "LINKERD_FLEET_RUN_BLOCKS";

export function noteRun({ at }: Block): void {
  const file = process.env[RUN_BLOCKS];
  if (file !== undefined) appendFileSync(file, `${at}\n`);
}

/** The blocks of commands that no test has run and that do not say why. */
export function neverRun(file: string): Block[] {
  const run = new Set(readFileSync(file, "utf8").split("\n"));
  return documents()
    .flatMap(blocksOf)
    .filter(({ language, remark, at }) => language === "sh" && remark === "" && !run.has(at));
}
