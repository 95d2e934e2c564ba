import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { ENGINE_YAML } from "./engineYaml";
import type { Problem } from "./problems";

/** What a text says, or the places where it is no YAML. A parser's own messages quote the text, which may be secret. */
export function readYaml(text: string): { readonly content: unknown; readonly problems: readonly Problem[] } {
  // The engine's parser does not read otherwise for a directive, and takes the line ends of all systems.
  const plain = text.replace(/^(\ufeff?)%YAML/, "$1#YAML").replace(/\r\n?/g, "\n");
  const lines = new LineCounter();
  // Warnings quote the text, too.
  const quiet = { prettyErrors: false, logLevel: "error", lineCounter: lines } as const;
  const document = parseDocument(plain, { ...ENGINE_YAML, ...quiet });
  const problemAt = (at: number, problem: string, fix: string): Problem => {
    const { line, col } = lines.linePos(at);
    return { path: `line ${line}, column ${col}`, problem, fix };
  };
  const control = CONTROL.exec(plain);
  if (control) {
    const fix = "remove it: the engine reads no file with one";
    return { content: undefined, problems: [problemAt(control.index, "holds a control character", fix)] };
  }
  // A mistake in the form makes others behind it.
  const [form, ...others] = document.errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  const errors = document.errors.filter((error) => error === form || !others.includes(error));
  const problems = errors.map((error) => problemAt(error.pos[0], ...told(error)));
  if (problems.length > 0) return { content: undefined, problems };
  try {
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    if (!holdsItself(content)) return { content, problems };
    return unresolved("an anchor (`&name`) holds an alias (`*name`) of itself", "write out what is meant");
  } catch (error) {
    return error instanceof Error && /^Merge/.test(error.message)
      ? unresolved("a merge (`<<:`) takes something that is not a map", "name an alias (`*name`) of a map")
      : unresolved(
          "an alias (`*name`) refers to no anchor (`&name`) above it",
          "add the anchor, or quote the star",
        );
  }
}

/** More of them are the work of somebody who wants to fill a machine's memory. */
const MOST_ALIASES = 10_000;

/** What the engine's parser calls control characters (gopkg.in/yaml.v3 `readerc.go`). */
const CONTROL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function unresolved(problem: string, fix: string) {
  return { content: undefined, problems: [{ path: "the YAML", problem, fix }] };
}

function told({ code }: YAMLError): readonly [problem: string, fix: string] {
  if (code === "DUPLICATE_KEY")
    return ["is a key that was used above (duplicate key)", "keep one of the two"];
  if (code === "MULTIPLE_DOCS") return ["begins a second document", "write one document, without --- in it"];
  if (code === "TAB_AS_INDENT") return ["is a tab in an indentation", "write spaces"];
  return [
    `is not YAML there (${code.toLowerCase().replaceAll("_", " ")})`,
    "mend the indentation, quotes or brackets there",
  ];
}

function holdsItself(value: unknown, above: readonly unknown[] = [], known = new Set<unknown>()): boolean {
  if (typeof value !== "object" || value === null || known.has(value)) return false;
  if (above.includes(value)) return true;
  const found = Object.values(value).some((item) => holdsItself(item, [...above, value], known));
  known.add(value);
  return found;
}
