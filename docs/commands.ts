import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Options, PositionalOptions } from "yargs";
import { ENDINGS, type Ending } from "../ops/endings";
import { changesOf, usageOf } from "../ops/usage";
import type { Verb } from "../ops/verb";
import { VERBS } from "../ops/verbs";

const [BEGIN, END] = ["<!-- written by `npm run docs` from ops/verbs.ts -->", "<!-- end -->"];

/** The page as it is, with what the table of verbs says written anew. */
export function commandsPage(): string {
  const [before = "", rest = ""] = readFileSync(join(__dirname, "commands.md"), "utf8").split(BEGIN);
  const parts = [verbTable(), exitCodes(), ...VERBS.map(section)];
  return `${before}${BEGIN}\n\n${parts.join("\n\n")}\n\n${END}${rest.split(END)[1] ?? ""}`;
}

function verbTable(): string {
  const rows = VERBS.map(
    (verb) => `[\`${verb.name}\`](#${anchor(verb)}) | ${verb.changes || "nothing"} | ${verb.summary}`,
  );
  return `## Verbs\n\n${table("verb | changes | purpose", rows)}`;
}

function exitCodes(): string {
  const own = VERBS.flatMap(({ name, endings = {} }) =>
    Object.entries(endings).map(([ending, meaning]) => ({
      name,
      code: ENDINGS[ending as Ending].code,
      meaning,
    })),
  );
  const rows = Object.values(ENDINGS).map(({ code, meaning }) => `${code} | ${meaning}`);
  const details = own
    .sort((a, b) => a.code - b.code)
    .map(({ name, code, meaning }) => `${code} | \`${name}\` | ${meaning}`);
  return (
    `## Exit codes\n\n${table("code | meaning", rows)}\n\n` +
    `Some verbs are more precise:\n\n${table("code | verb | meaning", details)}`
  );
}

function section(verb: Verb): string {
  const { summary, positionals = {}, options, examples } = verb;
  const settings = [
    ...Object.entries(positionals).map(([name, of]) => setting(`\`${name}\``, of)),
    ...Object.entries(options).map(([name, of]) => setting(`\`--${name}\``, of)),
  ];
  const commands = examples.map(([command, what]) => {
    const typed = command.startsWith("fleet ") ? `npx ${command}` : command;
    return `- \`${typed}\`: ${what}`;
  });
  return [
    `### \`${verb.name}\``,
    `\`npx ${usageOf(verb)}\``,
    `${summary}. ${changesOf(verb)}`,
    table("argument | default | meaning", settings),
    `Examples:\n\n${commands.join("\n")}`,
  ].join("\n\n");
}

function setting(name: string, { describe, default: given, choices }: Options | PositionalOptions): string {
  const shown = given === undefined || given === false || Array.isArray(given) ? "" : `\`${given}\``;
  const values = choices === undefined ? "" : ` (${choices.map((choice) => `\`${choice}\``).join(", ")})`;
  // What looks like an element would not be shown.
  return `${name}${values} | ${shown} | ${describe?.replaceAll("<", "&lt;")}`;
}

function table(head: string, rows: readonly string[]): string {
  const line = (cells: string) => `| ${cells} |`;
  return [line(head), `|${"---|".repeat(head.split(" | ").length)}`, ...rows.map(line)].join("\n");
}

/** As GitHub makes it of the heading. */
function anchor({ name }: Verb): string {
  return name.replaceAll(" ", "-");
}
